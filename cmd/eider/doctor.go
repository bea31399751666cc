package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/doctor"
)

func newDoctor() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the machine and the settings of a server",
		Long: `Check the machine and the settings that 'eider serve' would use: the same environment, the same --config file, and the
flags below. Nothing is changed. Exit code 1 if anything would fail.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := map[string]string{}
			for _, name := range doctorFlags {
				if f := cmd.Flags().Lookup(name); f.Changed {
					flags[name] = f.Value.String()
				}
			}
			if file == "" {
				file = os.Getenv("EIDER_CONFIG")
			}
			s, err := config.Load(config.Sources{Flags: flags, Env: os.LookupEnv, File: file})
			if err != nil {
				return err
			}
			findings := doctor.Examine(cmd.Context(), s)
			if err := report(cmd, findings, asJSON); err != nil {
				return err
			}
			if doctor.Worst(findings) == doctor.Fail {
				return failed(nil)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file of settings (EIDER_CONFIG)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	for _, o := range config.Options() {
		for _, name := range doctorFlags {
			if o.Name == name {
				cmd.Flags().String(name, o.Default, o.Doc)
			}
		}
	}
	return cmd
}

// doctorFlags are the settings that checks look at.
var doctorFlags = []string{"db", "pg-listen", "http-listen", "memory-limit", "threads", "temp-dir", "max-connections"}

func report(cmd *cobra.Command, findings []doctor.Finding, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(findings)
	}
	v := currentVersion()
	fmt.Fprintf(out, "OK    %-15s eider %s, DuckDB %s, %s\n", "version", v.Version, v.DuckDB, v.Platform)
	for _, f := range findings {
		fmt.Fprintf(out, "%-5s %-15s %s\n", f.Level, f.Check, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(out, "      %-15s → %s\n", "", f.Fix)
		}
	}
	return nil
}
