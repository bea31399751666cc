package frame

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/race"
)

// Loading takes the memory of the columns and of a few columns more, not twice as much. It is measured in a process of
// its own, because the heap that earlier tests took from the system counts too.
func TestLoadPeak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak is read from /proc")
	}
	if race.Enabled {
		t.Skip("the race detector takes memory of its own")
	}
	const rows, columns = 400 * types.VectorSize, 40
	if os.Getenv("FRAME_PEAK") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLoadPeak$", "-test.v")
		cmd.Env = append(os.Environ(), "FRAME_PEAK=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "peak of")
		return
	}
	r := rand.New(rand.NewPCG(1, 1))
	var ts []*types.Type
	var inputs []Input
	for k := range columns {
		ts = append(ts, types.Of(types.Double))
		inputs = append(inputs, Input{fmt.Sprint(k), fmt.Sprint(k), Number})
	}
	b := types.NewBuilder(ts)
	for range types.VectorSize {
		for k := range columns {
			types.AppendFixed(b.Column(k), r.NormFloat64())
		}
	}
	f, err := Load(context.Background(), stream{b.Chunk(), rows / types.VectorSize}, "q", inputs, Options{})
	require.NoError(t, err)
	require.Equal(t, rows, f.Rows)
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	var peakKB int
	_, hwm, ok := strings.Cut(string(status), "VmHWM:")
	require.True(t, ok)
	_, err = fmt.Sscan(hwm, &peakKB)
	require.NoError(t, err)
	const columnKB = 8 * rows / 1024
	t.Logf("peak of %d MB for %d MB of columns", peakKB>>10, columns*columnKB>>10)
	require.Less(t, peakKB, (columns+columns/8+10)*columnKB+16<<10)
}
