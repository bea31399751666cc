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

// Ctrl-C ends a script, whether it waits for its input, runs a statement, or is about to.
func TestInterruptedScript(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for name, input := range map[string]string{
		"waiting": "SELECT 'ready' AS r;\n",
		"running": "SELECT 'ready' AS r;\nSELECT count(*) FROM range(10000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3;\n",
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
			_, err = in.Write([]byte(input))
			require.NoError(t, err)
			lines := bufio.NewReader(out)
			for line := ""; line != "ready\n"; {
				line, err = lines.ReadString('\n')
				require.NoError(t, err)
			}
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			err = cmd.Wait()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%v", err)
			require.Equal(t, exitInterrupted, exit.ExitCode(), errs.String())
		})
	}
}
