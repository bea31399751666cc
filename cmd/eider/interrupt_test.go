package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A script that waits for its input ends by Ctrl-C; one that runs a statement has it cancelled.
func TestInterruptedScript(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		input string
		code  int
		errs  string
	}{
		"waiting": {"SELECT 'ready' AS r;\n", exitInterrupted, ""},
		"running": {"SELECT 'ready' AS r;\nSELECT count(*) FROM range(10000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3;\n", exitFailed, "57014"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(self, "sql", "-o", "csv")
			cmd.Env = append(os.Environ(), asProgram+"=1")
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			var errs strings.Builder
			cmd.Stderr = &errs
			require.NoError(t, cmd.Start())
			_, err = in.Write([]byte(c.input))
			require.NoError(t, err)
			lines := bufio.NewReader(out)
			for line := ""; line != "ready\n"; {
				line, err = lines.ReadString('\n')
				require.NoError(t, err)
			}
			// The first may come in between two statements; then it ends the script, which is right too where none runs.
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			err = cmd.Wait()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%v", err)
			require.Contains(t, []int{c.code, exitInterrupted}, exit.ExitCode(), errs.String())
			if exit.ExitCode() == exitFailed {
				require.Contains(t, errs.String(), c.errs)
			}
		})
	}
}
