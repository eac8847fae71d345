package logsink

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A field is an attribute of a record: its key, with the names of its groups
// before it, and its value as text.
type field struct{ key, value string }

// A handler makes records of slog into lines with fields.
type handler struct {
	s      *Sink
	level  slog.Leveler
	group  string // of all later attributes: "" or names, each with a dot behind it
	fields []field
}

func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	fields := slices.Clip(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		fields = appendAttr(fields, h.group, a)
		return true
	})
	return h.s.put(record{at: r.Time, level: r.Level, text: sentence(r.Message, fields), fields: fields, pc: r.PC})
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.fields = slices.Clip(h.fields)
	for _, a := range attrs {
		with.fields = appendAttr(with.fields, h.group, a)
	}
	return &with
}

func (h *handler) WithGroup(name string) slog.Handler {
	with := *h
	if name != "" {
		with.group += name + "."
	}
	return &with
}

// appendAttr appends an attribute, or those of a group.
func appendAttr(fields []field, group string, a slog.Attr) []field {
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		if a.Equal(slog.Attr{}) {
			return fields
		}
		return append(fields, field{group + a.Key, v.String()})
	}
	if a.Key != "" {
		group += a.Key + "."
	}
	for _, member := range v.Group() {
		fields = appendAttr(fields, group, member)
	}
	return fields
}

// sentence is a message with its fields behind it, as one who reads a log sees it.
func sentence(message string, fields []field) string {
	var b strings.Builder
	b.WriteString(message)
	for _, f := range fields {
		b.WriteByte(' ')
		b.WriteString(quoted(f.key))
		b.WriteByte('=')
		b.WriteString(quoted(f.value))
	}
	return b.String()
}

// quoted returns s, in quotation marks if it would not be one word without them.
func quoted(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return r == ' ' || r == '"' || r == '=' || r == utf8.RuneError || !unicode.IsPrint(r)
	})
	if odd || s == "" {
		return strconv.Quote(s)
	}
	return s
}
