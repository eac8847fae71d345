package logsink

import "log/slog"

// Levels that syslog knows and slog does not name.
const (
	LevelNotice   slog.Level = 2  // more than slog.LevelInfo, less than slog.LevelWarn
	LevelCritical slog.Level = 12 // more than slog.LevelError
)

// severity returns the number that syslog gives a level (RFC 5424 §6.2.1).
func severity(l slog.Level) int {
	const critical, failed, warning, notice, info, debug = 2, 3, 4, 5, 6, 7
	switch {
	case l >= LevelCritical:
		return critical
	case l >= slog.LevelError:
		return failed
	case l >= slog.LevelWarn:
		return warning
	case l >= LevelNotice:
		return notice
	case l >= slog.LevelInfo:
		return info
	}
	return debug
}

// daemon is the facility of all our lines (RFC 5424 §6.2.1).
const daemon = 3

// nameLevel gives our own levels their names where slog writes them.
func nameLevel(_ []string, a slog.Attr) slog.Attr {
	if a.Key != slog.LevelKey {
		return a
	}
	switch a.Value.Any() {
	case LevelNotice:
		return slog.String(a.Key, "NOTICE")
	case LevelCritical:
		return slog.String(a.Key, "CRITICAL")
	}
	return a
}
