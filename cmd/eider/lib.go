package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eiderdb/eider/functions/model/nativelib"
)

func newLib() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lib",
		Short: "Install and list the native libraries that some algorithms need",
		Long: `Some algorithms are trained by libraries that are not part of Eider: xgboost and lightgbm.
Each is pinned by version and SHA-256, comes from the Python package index that pip is
configured to use (or from a file), and is kept in the user's cache, or in ` + nativelib.DirVariable + `.
Predictions need no library.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	dir := cmd.PersistentFlags().String("dir", "", "the folder of the libraries (default: $"+nativelib.DirVariable+", else the user's cache)")
	cmd.AddCommand(newLibInstall(dir), newLibList(dir), newLibVerify(dir))
	return cmd
}

// libStore is the store that --dir or the environment names.
func libStore(dir string) (nativelib.Store, error) {
	if dir != "" {
		return nativelib.At(dir)
	}
	return nativelib.Default()
}

// libNames are the libraries to complete on a command line.
func libNames() []string {
	var names []string
	for _, l := range nativelib.All() {
		names = append(names, l.Name)
	}
	return names
}

// libArgs returns the libraries that a command line names, all where it names none.
func libArgs(args []string) ([]*nativelib.Library, error) {
	if len(args) == 0 {
		return nativelib.All(), nil
	}
	var list []*nativelib.Library
	for _, name := range args {
		l, err := nativelib.Find(name)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func newLibInstall(dir *string) *cobra.Command {
	var from, index string
	var force bool
	cmd := &cobra.Command{
		Use:   "install NAME…",
		Short: "Install native libraries",
		Example: `  eider lib install xgboost lightgbm
  eider lib install xgboost --from xgboost_cpu-3.2.0-py3-none-manylinux_2_28_x86_64.whl   # no network`,
		Args:      cobra.MinimumNArgs(1),
		ValidArgs: libNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			libs, err := libArgs(args)
			if err != nil {
				return err
			}
			if from != "" && len(libs) > 1 {
				return fmt.Errorf("--from is the file of one library, not of %d", len(libs))
			}
			store, err := libStore(*dir)
			if err != nil {
				return failed(err)
			}
			for _, l := range libs {
				o := nativelib.Options{File: from, Force: force, Sources: nativelib.PipSources(index)}
				path, err := installLib(cmd, store, l, o)
				if err != nil {
					return failed(err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "take this wheel file instead of downloading one")
	cmd.Flags().StringVar(&index, "index-url", "", "the package index to ask (default: pip's configuration)")
	cmd.Flags().BoolVar(&force, "force", false, "install again what is installed")
	return cmd
}

// installLib installs one library and tells on stderr what happens.
func installLib(cmd *cobra.Command, store nativelib.Store, l *nativelib.Library, o nativelib.Options) (string, error) {
	w := cmd.ErrOrStderr()
	o.Say = func(text string) { fmt.Fprintf(w, "%s: %s\n", l.Name, text) }
	progress, done := progressLine(w, l.Name)
	o.Progress = progress
	path, err := store.Install(cmd.Context(), l, o)
	done()
	return path, err
}

// progressLine shows a download's progress: a line that is drawn anew on a terminal, one
// line a few seconds elsewhere. done ends the line.
func progressLine(w io.Writer, name string) (progress func(have, total int64), done func()) {
	f, isFile := w.(*os.File)
	live := isFile && term.IsTerminal(int(f.Fd()))
	every, last, drawn := 5*time.Second, time.Now(), false
	if live {
		every = 100 * time.Millisecond
	}
	progress = func(have, total int64) {
		if time.Since(last) < every && have < total {
			return
		}
		last, drawn = time.Now(), live
		line := fmt.Sprintf("%s: %3d %% of %.1f MB", name, have*100/max(total, 1), float64(total)/1e6)
		if live {
			fmt.Fprint(w, "\r"+line)
		} else {
			fmt.Fprintln(w, line)
		}
	}
	return progress, func() {
		if drawn {
			fmt.Fprintln(w)
		}
	}
}

func newLibList(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the native libraries that Eider can use",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := libStore(*dir)
			if err != nil {
				return failed(err)
			}
			out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(out, "NAME\tVERSION\tINSTALLED\tLICENCE\tFOR\tPATH")
			for _, l := range nativelib.All() {
				state := store.State(l)
				fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.Version, state.Word, l.Licence, l.Summary, state.Path)
			}
			return out.Flush()
		},
	}
}

func newLibVerify(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:       "verify [NAME…]",
		Short:     "Compare installed native libraries with their pinned hashes",
		ValidArgs: libNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			libs, err := libArgs(args)
			if err != nil {
				return err
			}
			store, err := libStore(*dir)
			if err != nil {
				return failed(err)
			}
			bad := 0
			for _, l := range libs {
				if err := store.Verify(l); err != nil {
					if len(args) == 0 && nativelib.IsMissing(err) {
						continue // nothing to verify
					}
					bad++
					fmt.Fprintf(cmd.ErrOrStderr(), "eider: %s: %v\n", l.Name, err)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %s is whole\n", l.Name, l.Version)
			}
			if bad > 0 {
				return failed(nil)
			}
			return nil
		},
	}
}
