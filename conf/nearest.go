package conf

// nearest returns the directive that a misspelt name most likely means: at most
// two slips away, and no more than one in three letters.
func nearest(name string) (string, bool) {
	best, found := "", false
	least := min(2, len(name)/3) + 1
	for i := range table {
		candidate := table[i].Name
		if longer := len(candidate) - len(name); max(longer, -longer) >= least {
			continue // each letter more or less is a slip
		}
		if d := slips(name, candidate); d < least {
			best, least, found = candidate, d, true
		}
	}
	return best, found
}

// slips counts the letters to insert, drop, replace or swap with their
// neighbour that make b of a (optimal string alignment).
func slips(a, b string) int {
	before, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := prev[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(prev[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
