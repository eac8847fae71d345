package wire

import (
	"bytes"
	"testing"
)

func TestFramesOfABatchDoNotOverlap(t *testing.T) {
	b := NewBatch(4096, 16)
	lengths := []int{1, 40, 64, 65, 1280}
	for i, n := range lengths {
		f := b.New(n)
		if f == nil {
			t.Fatalf("no room for %d octets, %d free", n, b.Free())
		}
		b.Add(f)
		f.Move(-Headroom)
		for j := range f.Bytes() {
			f.Bytes()[j] = byte(i)
		}
	}
	for i, f := range b.Frames() {
		if want := bytes.Repeat([]byte{byte(i)}, lengths[i]+Headroom); !bytes.Equal(f.Bytes(), want) {
			t.Errorf("frame %d was overwritten", i)
		}
	}
}

func TestBatchMakesNoMoreThanItHasRoomFor(t *testing.T) {
	b := NewBatch(1000, 3)
	if f := b.New(b.Free() + 1); f != nil {
		t.Error("a frame longer than Free was made")
	}
	if f := b.New(b.Free()); f == nil || f.Len() != 1000-Headroom {
		t.Errorf("no frame of the whole arena: %v", f)
	}
	if f := b.New(1); f != nil {
		t.Error("a frame was made in a full arena")
	}
	b.Reset()
	for range 3 {
		if b.New(1) == nil {
			t.Fatal("no room after Reset")
		}
	}
	if b.Free() > 0 || b.New(1) != nil {
		t.Error("more frames than storage")
	}
}

func TestRoomBecomesTheReceivedFrame(t *testing.T) {
	b := NewBatch(4096, 4)
	for i := range 2 {
		room := b.Room(10, 100)
		if len(room) < 110 {
			t.Fatalf("room of %d octets", len(room))
		}
		copy(room, "0123456789packet")
		f := b.Received(6)
		if string(f.Bytes()) != "packet" || string(f.Front(10)) != "0123456789packet" {
			t.Errorf("frame %d: %q", i, f.Front(10))
		}
	}
	if b.Room(10, 4096) != nil {
		t.Error("room for more than the arena")
	}
	if len(b.Frames()) != 2 {
		t.Errorf("%d frames", len(b.Frames()))
	}
}

func TestFrameMovesAndCuts(t *testing.T) {
	f := NewFrame([]byte("headpayload"))
	f.Move(4)
	f.Cut(3)
	if string(f.Bytes()) != "pay" || f.Len() != 3 {
		t.Errorf("%q", f.Bytes())
	}
	f.Move(-4)
	if string(f.Bytes()) != "headpay" {
		t.Errorf("%q", f.Bytes())
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	b := NewBatch(1<<16, 64)
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		for f := b.New(1000); f != nil; f = b.New(1000) {
			b.Add(f)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
