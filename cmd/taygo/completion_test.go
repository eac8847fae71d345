package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompletionKnowsTheCommands completes a command line in a real bash.
func TestCompletionKnowsTheCommands(t *testing.T) {
	bin, err := builtBinary()
	must(t, err)
	script := `PATH="${0%/*}:$PATH"; source <(taygo completion bash)
COMP_WORDS=(taygo e); COMP_CWORD=1; _taygo; echo "${COMPREPLY[@]}"`
	out, err := exec.Command("bash", "-c", script, bin).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "explain" {
		t.Errorf("completed to %q, %v", out, err)
	}
}

func TestCompletionScripts(t *testing.T) {
	bin, err := builtBinary()
	must(t, err)
	for shell, want := range map[string]string{"bash": "complete ", "zsh": "compdef", "fish": "complete -c taygo"} {
		out, err := exec.Command(bin, "completion", shell).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %q, %v", shell, out, err)
		}
	}
	if out, err := exec.Command(bin, "completion", "csh").CombinedOutput(); err == nil || !strings.Contains(string(out), "bash, zsh or fish") {
		t.Errorf("csh: %q, %v", out, err)
	}
}
