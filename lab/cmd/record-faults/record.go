package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/faults"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/recording"
	"github.com/digihunch/kubectl-orthweb/lab/supervise"
)

// oldest is how much older the Events in a recording with old Events may be.
const oldest = 10 * time.Minute

// boot starts a lab in which failures show quickly.
func (r *recorder) boot(ctx context.Context) error {
	return r.run1(ctx, r.lab, "up", "--health-timeout=60s", "--first-address=127.0.0.51")
}

// run1 runs one of the two programs on the lab.
func (r *recorder) run1(ctx context.Context, program string, args ...string) error {
	if program == r.lab {
		args = append(args, "--dir="+r.dir)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+supervise.Kubeconfig(r.dir))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}

// record injects the fault, saves a snapshot of the lab, and clears the fault. The modification
// time of a file next to the snapshot is the time of the injection.
func (r *recorder) record(ctx context.Context, f faults.Fault) error {
	fmt.Fprintf(os.Stderr, "== %s %s: %s\n", f.ID, f.Name, f.Summary)
	if err := os.WriteFile(r.since(f), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0o600); err != nil {
		return err
	}
	if err := r.run1(ctx, r.lab, "fault", "inject", f.ID, "--wait"); err != nil {
		return err
	}
	save := append([]string{"snapshot", "save", r.snapshot(f), "--force"}, f.Record.Flags...)
	if err := r.run1(ctx, r.plugin, save...); err != nil {
		return err
	}
	return r.run1(ctx, r.lab, "fault", "clear", "--wait")
}

func (r *recorder) snapshot(f faults.Fault) string { return filepath.Join(r.saved, f.ID+".tgz") }

func (r *recorder) since(f faults.Fault) string { return filepath.Join(r.saved, f.ID+".since") }

// writeCases creates the cases of all existing snapshots.
func (r *recorder) writeCases(list []faults.Fault) error {
	for _, f := range list {
		c, err := r.newCase(f)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.ID, err)
		}
		out, err := os.Create(filepath.Join(r.out, f.ID+"-"+f.Name+".txtar"))
		if err != nil {
			return err
		}
		err = c.Write(out)
		if closing := out.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) newCase(f faults.Fault) (*recording.Case, error) {
	file, err := os.Open(r.snapshot(f))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	began, err := os.ReadFile(r.since(f))
	if err != nil {
		return nil, err
	}
	since, err := time.Parse(time.RFC3339, strings.TrimSpace(string(began)))
	if err != nil {
		return nil, err
	}
	if f.Record.Old {
		since = since.Add(-oldest)
	}
	// A controller in a Pod has its files in /tmp.
	s, err := recording.Read(file, strings.NewReplacer(filepath.Join(r.dir, "tmp"), "/tmp"))
	if err != nil {
		return nil, err
	}
	s.Trim(isTenant, since)
	header, err := r.header(f, s.Said())
	return &recording.Case{Header: header, Expect: f.Record.Expect, Snapshot: s}, err
}

func isTenant(namespace string) bool {
	tenant, ok := strings.CutSuffix(namespace, "-orthweb")
	return ok && slices.Contains(korthweb.Tenants(), tenant)
}

// header describes what was done, and the messages of the controllers.
func (r *recorder) header(f faults.Fault, said []string) (string, error) {
	var versions []string
	for _, module := range []string{
		"k8s.io/kubernetes", "github.com/fluxcd/source-controller", "github.com/fluxcd/kustomize-controller",
		"github.com/fluxcd/helm-controller", "github.com/cert-manager/cert-manager", "sigs.k8s.io/kwok",
	} {
		version, err := r.source.Version(module)
		if err != nil {
			return "", err
		}
		versions = append(versions, module[strings.LastIndex(module, "/")+1:]+" "+version)
	}
	const most = 16
	if len(said) > most {
		said = append(said[:most], fmt.Sprintf("and %d more", len(said)-most))
	}
	if len(said) == 0 {
		said = []string{"nothing that is not ready"}
	}
	return fmt.Sprintf("%s %s: %s.\n%s\nRecorded live by record-faults from the lab: %s.\n%s\n\n%s\n\nWhat was said:\n  %s\n",
		f.ID, f.Name, strings.TrimSuffix(strings.TrimSpace(f.Summary), "."), f.Record.Note, strings.Join(versions, ", "),
		played(f), recording.Trimmed, strings.Join(said, "\n  ")), nil
}

// played lists the Pods whose kubelets kwok simulated as the fault defines.
func played(f faults.Fault) string {
	if len(f.Pods) == 0 {
		return "No container runs in a lab; what kubelets say is kwok's."
	}
	var out []string
	for _, p := range f.Pods {
		out = append(out, p.Behaviour+" of "+p.Container+" in "+p.Namespace)
	}
	return "No container runs in a lab; what kubelets say is kwok's: " + strings.Join(out, ", ") +
		"\n(lab/faults/behaviours.yaml, after the kubelet's own sources)."
}
