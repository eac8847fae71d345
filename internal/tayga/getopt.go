package tayga

import (
	"fmt"
	"strings"
)

// An option is one option of the command line.
type option struct {
	short byte   // 0: it has only the long name
	long  string //
	value bool   // takes one
	set   func(o *Options, value string)
}

// An item is an option as it stands on a command line.
type item struct {
	*option
	name  string // as the user knows it: -c or --config
	value string
}

// scan reads a command line as getopt_long(3) of GNU does with the options of the
// table, wherever they stand: bundles (-dnc FILE), values that follow at once
// (-cFILE, --config=FILE) or as the next argument whatever that is, abbreviations
// of long names that fit one of them only, and -- before what are all words. After
// an error it returns what came before. The environment variable POSIXLY_CORRECT,
// which would end the options at the first word, has no effect: those who start
// Tayga put words before options.
func scan(args []string) (items []item, words []string, err error) {
	for len(args) > 0 && err == nil {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return items, append(words, args...), nil
		case strings.HasPrefix(arg, "--"):
			var it item
			if it, args, err = scanLong(arg[2:], args); err == nil {
				items = append(items, it)
			}
		case len(arg) > 1 && arg[0] == '-':
			var bundle []item
			bundle, args, err = scanBundle(arg[1:], args)
			items = append(items, bundle...)
		default:
			words = append(words, arg)
		}
	}
	return items, words, err
}

// scanLong reads a long option without its two dashes. It returns what is left of
// rest, the arguments after it.
func scanLong(arg string, rest []string) (item, []string, error) {
	name, value, attached := strings.Cut(arg, "=")
	opt, err := longOption(name)
	if err != nil {
		return item{}, rest, err
	}
	it := item{opt, "--" + opt.long, value}
	switch {
	case attached && !opt.value:
		return item{}, rest, fmt.Errorf("option %s takes no value, but has %q", it.name, value)
	case attached || !opt.value:
		return it, rest, nil
	case len(rest) == 0:
		return item{}, rest, fmt.Errorf("option %s needs a value", it.name)
	}
	it.value = rest[0]
	return it, rest[1:], nil
}

// longOption returns the option of a name or of the start of one.
func longOption(name string) (*option, error) {
	var found []*option
	var names []string
	for i := range table {
		opt := &table[i]
		if opt.long == name {
			return opt, nil
		}
		if strings.HasPrefix(opt.long, name) {
			found, names = append(found, opt), append(names, "--"+opt.long)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("there is no option %q", "--"+name)
	}
	return nil, fmt.Errorf("option %q may be any of %s: write more of it", "--"+name, strings.Join(names, " "))
}

// scanBundle reads short options without their dash. It returns those before an
// error too, and what is left of rest.
func scanBundle(bundle string, rest []string) (items []item, left []string, err error) {
	for i := range len(bundle) {
		opt := shortOption(bundle[i])
		if opt == nil {
			return items, rest, fmt.Errorf("there is no option %q", "-"+bundle[i:i+1])
		}
		it := item{option: opt, name: "-" + bundle[i:i+1]}
		if !opt.value {
			items = append(items, it)
			continue
		}
		if it.value = bundle[i+1:]; it.value == "" {
			if len(rest) == 0 {
				return items, rest, fmt.Errorf("option %s needs a value", it.name)
			}
			it.value, rest = rest[0], rest[1:]
		}
		return append(items, it), rest, nil
	}
	return items, rest, nil
}

func shortOption(c byte) *option {
	for i := range table {
		if table[i].short == c && c != 0 {
			return &table[i]
		}
	}
	return nil
}
