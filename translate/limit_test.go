package translate

import (
	"testing"
	"time"
)

func TestBucketAllowsBurstThenRate(t *testing.T) {
	var b bucket
	r := Rate{PerSecond: 100, Burst: 50}
	start := time.Hour
	taken := 0
	for range 1000 {
		if b.take(r, start) {
			taken++
		}
	}
	if taken != 50 {
		t.Errorf("burst of %d, want 50", taken)
	}
	taken = 0
	for ms := range 10_000 { // ten seconds of far too many events
		if b.take(r, start+time.Duration(ms+1)*time.Millisecond) {
			taken++
		}
	}
	if taken < 995 || taken > 1005 {
		t.Errorf("%d in ten seconds, want 1000", taken)
	}
}

func TestBucketFillsToItsBurstOnly(t *testing.T) {
	var b bucket
	r := Rate{PerSecond: 10, Burst: 3}
	b.take(r, 0)
	taken := 0
	for range 10 {
		if b.take(r, time.Hour) {
			taken++
		}
	}
	if taken != 3 {
		t.Errorf("%d after an hour of rest, want 3", taken)
	}
}

func TestBucketOfRateZeroGivesNothing(t *testing.T) {
	var b bucket
	if b.take(Rate{}, 0) {
		t.Error("a token without a rate")
	}
}

func TestBucketBearsAClockThatStandsStill(t *testing.T) {
	b := bucket{last: time.Hour}
	r := Rate{PerSecond: 1, Burst: 1}
	if !b.take(r, time.Minute) || b.take(r, time.Minute) {
		t.Error("an earlier time counts as a gain")
	}
}
