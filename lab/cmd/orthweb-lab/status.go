package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/state"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

func newStatus(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the parts and layers; exit 1 if any is not ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch output {
			case "":
				return report(cmd.Context(), o.dir, cmd.OutOrStdout())
			case "json":
				return reportJSON(cmd.Context(), o.dir, cmd.OutOrStdout())
			}
			return fmt.Errorf("--output is json or nothing, not %q", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "output format: json")
	return cmd
}

// overview is the output of status.
type overview struct {
	Ready   bool           `json:"ready"`
	Phase   state.Phase    `json:"phase"`
	Commit  string         `json:"commit,omitempty"`
	Parts   []partOverview `json:"parts"`
	Layers  []layer        `json:"layers"`
	Problem string         `json:"problem,omitempty"`
}

type partOverview struct {
	Name  string `json:"name"`
	Pid   int    `json:"pid"`
	Port  int    `json:"port,omitempty"`
	State string `json:"state"`
	// Endpoints are the endpoints for users and modalities.
	Endpoints []state.Endpoint `json:"endpoints,omitempty"`
}

type layer struct {
	Name     string `json:"name"`
	Ready    bool   `json:"ready"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
	Message  string `json:"message,omitempty"`
	Revision string `json:"revision,omitempty"`
}

func look(ctx context.Context, dir string) (overview, error) {
	lab, err := state.Load(dir)
	if err != nil {
		return overview{}, err
	}
	v := overview{Phase: lab.Phase, Ready: lab.Running() && lab.Phase == state.Started}
	for _, p := range append([]state.Part{{Name: "supervisor", Process: lab.Supervisor}}, lab.Parts...) {
		po := partOverview{Name: p.Name, Pid: p.Process.Pid, Port: p.Port, State: condition(ctx, p), Endpoints: p.Endpoints}
		v.Ready = v.Ready && po.State == up
		v.Parts = append(v.Parts, po)
	}
	if !lab.Running() {
		v.Problem = "the lab doesn't run " + lab.Error
		return v, nil
	}
	// The command must also work with an API server that hangs.
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := v.addLayers(ctx, dir); err != nil {
		v.Ready, v.Problem = false, err.Error()
	}
	return v, nil
}

func (v *overview) addLayers(ctx context.Context, dir string) error {
	commit, err := gitserver.Head(supervise.GitRoot(dir))
	if err != nil {
		return err
	}
	v.Commit = commit
	c, err := cluster.Connect(supervise.Kubeconfig(dir))
	if err != nil {
		return err
	}
	list, err := c.Kustomizations(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		v.Layers = append(v.Layers, layer{
			Name: k.Name, Ready: k.ReadyAt(commit), Status: k.Ready.Status, Reason: k.Ready.Reason,
			Message: oneLine(k.Ready.Message), Revision: k.Applied,
		})
	}
	v.Ready = v.Ready && cluster.AllReady(list, commit)
	return nil
}

func report(ctx context.Context, dir string, out io.Writer) error {
	v, err := look(ctx, dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PART\tPID\tPORT\tSTATE\tSERVES")
	for _, p := range v.Parts {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, number(p.Pid), number(p.Port), p.State, endpoints(p.Endpoints))
	}
	_, _ = fmt.Fprintln(w, "\nLAYER\tREADY\tREASON\tMESSAGE")
	for _, l := range v.Layers {
		_, _ = fmt.Fprintf(w, "%s\t%v\t%s\t%s\n", l.Name, l.Ready, l.Reason, l.Message)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if v.Problem != "" {
		_, _ = fmt.Fprintln(out, "\n"+v.Problem)
	}
	return v.err()
}

func reportJSON(ctx context.Context, dir string, out io.Writer) error {
	v, err := look(ctx, dir)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return v.err()
}

func (v overview) err() error {
	if v.Ready {
		return nil
	}
	return errNotReady
}

func number(port int) string {
	if port == 0 {
		return "-"
	}
	return fmt.Sprint(port)
}
