package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// completions are the scripts that have a shell ask taygo itself what can stand at
// the cursor (--generate-bash-completion).
var completions = map[string]string{
	"bash": `_taygo() {
	local words
	words=$("${COMP_WORDS[@]:0:COMP_CWORD}" --generate-bash-completion 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -o default -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _taygo taygo
`,
	"zsh": `#compdef taygo
_taygo() {
	local -a words_
	words_=("${(@f)$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)}")
	_describe 'taygo' words_ || _files
}
compdef _taygo taygo
`,
}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print the completion script of a shell: bash, zsh or fish",
		ArgsUsage:   "SHELL",
		Description: "Try it with: source <(taygo completion bash)",
		Before:      atMost(1),
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			if shell == "fish" {
				script, err := c.App.ToFishCompletion()
				if err != nil {
					return fmt.Errorf("completion: %w", err)
				}
				fmt.Fprint(c.App.Writer, script)
				return nil
			}
			script, ok := completions[shell]
			if !ok {
				return fmt.Errorf("completion: no script for %q: write bash, zsh or fish", shell)
			}
			fmt.Fprint(c.App.Writer, script)
			return nil
		},
	}
}
