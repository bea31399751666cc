package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/docsite"
	"github.com/eiderdb/eider/engine/project/node"
	runner "github.com/eiderdb/eider/engine/project/run"
)

func newDocs() *cobra.Command {
	cmd := &cobra.Command{Use: "docs", Short: "A project's documentation as one page: generate, serve", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newDocsGenerate(), newDocsServe())
	return cmd
}

func newDocsGenerate() *cobra.Command {
	f := &runFlags{}
	noCompile, empty := false, false
	cmd := &cobra.Command{
		Use: "generate", Short: "Write target/index.html, catalog.json and manifest.json", Args: cobra.NoArgs,
		Long: "Write the project's documentation as one static page, target/index.html: search, columns, tests, SQL, and how everything hangs together from source to model. " +
			"The page needs nothing beside it. catalog.json says what the database has.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				if err := s.writeManifest(); err != nil {
					return err
				}
				path, err := s.generate(ctx, !noCompile, !empty)
				if err != nil {
					return failed(err)
				}
				s.printer.Info("The documentation is in %s", path)
				return nil
			})
		},
	}
	f.addPlace(cmd)
	f.addShown(cmd)
	cmd.Flags().BoolVar(&noCompile, "no-compile", false, "leave compiled SQL out")
	cmd.Flags().BoolVar(&empty, "empty-catalog", false, "don't ask the database")
	return cmd
}

// generate writes the page and returns its path.
func (s *projectSession) generate(ctx context.Context, compile, ask bool) (string, error) {
	o := s.options("generate", s.project.Order)
	facts := docsite.Facts{Generated: s.started, Relations: map[string]string{}, Compiled: map[string]string{}}
	var err error
	if ask {
		if facts.Catalog, err = runner.Catalog(ctx, o); err != nil {
			return "", err
		}
		if facts.Models, err = runner.Trained(ctx, o); err != nil {
			return "", err
		}
	}
	if facts.Results, err = artifact.ReadRunResults(s.project.TargetPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.printer.Warn("the last run isn't shown: " + err.Error())
	}
	if compile {
		if facts.Compiled, err = runner.CompileAll(ctx, o, s.printer); err != nil {
			return "", err
		}
	}
	for id, n := range s.project.Nodes {
		if n.Config.Materialized != "ephemeral" && (n.Kind == node.Model || n.Kind == node.Seed || n.Kind == node.Snapshot || n.Kind == node.Source) {
			facts.Relations[id] = runner.RelationOf(n, s.project, s.warehouse.Database()).String()
		}
	}
	page, err := docsite.Page(s.project, facts)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.project.TargetPath, "index.html")
	return path, artifact.WriteFile(path, page)
}

func newDocsServe() *cobra.Command {
	var f projectFlags
	host, port := "127.0.0.1", 8580
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve what docs generate has written", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p, err := f.open(ctx, "docs", time.Now(), "")
			if err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join(p.project.TargetPath, "index.html")); err != nil {
				return fmt.Errorf("%w: `eider docs generate` writes it", err)
			}
			listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The documentation of %s is at http://%s, until Ctrl-C\n", p.project.Name, listener.Addr())
			return serveFolder(ctx, listener, p.project.TargetPath)
		},
	}
	f.addPlace(cmd)
	cmd.Flags().StringVar(&host, "host", host, "address to listen on")
	cmd.Flags().IntVar(&port, "port", port, "port to listen on; 0 is a free one")
	return cmd
}

// serveFolder serves the page and the artifacts beside it until ctx ends.
func serveFolder(ctx context.Context, listener net.Listener, dir string) error {
	mux := http.NewServeMux()
	for _, name := range []string{"manifest.json", "catalog.json", "run_results.json", "sources.json"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(dir, name)) })
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		page, err := os.ReadFile(filepath.Join(dir, "index.html"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // the client may have gone
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	wait, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := s.Shutdown(wait)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
