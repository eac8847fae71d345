// Package routing holds the configurations of BIRD, FRR and taygo that docs/routes.md
// speaks of, as taygo lab and the tests run them.
package routing

import "embed"

// Files are the configurations, by name.
//
//go:embed *.conf
var Files embed.FS
