// Command record-faults records a lab with each of its faults. The recordings are the test
// cases for explanations of faults.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/lab/build"
	"github.com/digihunch/kubectl-orthweb/lab/faults"
)

// recorder has the arguments of the command line.
type recorder struct {
	lab, plugin string // the programs
	dir         string // the lab's directory
	saved       string // the directory of the snapshots
	out         string // the directory of the cases
	source      *build.Source
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	r := &recorder{}
	flag.StringVar(&r.lab, "lab", "bin/orthweb-lab", "the lab's program")
	flag.StringVar(&r.plugin, "plugin", "bin/kubectl-orthweb", "the plugin")
	flag.StringVar(&r.out, "out", "pkg/diagnose/testdata", "where the cases go")
	flag.StringVar(&r.saved, "saved", "", "make cases of the snapshots in this directory again, without a lab")
	flag.Usage = func() {
		_, _ = fmt.Fprintf(flag.CommandLine.Output(), "usage: record-faults [flags] [FAULT...]\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := r.run(ctx, flag.Args()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "record-faults:", err)
		stop()
		os.Exit(1)
	}
}

func (r *recorder) run(ctx context.Context, names []string) error {
	list, err := chosen(names)
	if err != nil {
		return err
	}
	if r.source, err = build.Find(""); err != nil {
		return err
	}
	if r.saved != "" {
		r.dir = filepath.Join(r.saved, "lab")
		return r.writeCases(list)
	}
	work, err := os.MkdirTemp("", "record-faults")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	r.saved, r.dir = work, filepath.Join(work, "lab")
	if err := r.boot(ctx); err != nil {
		return err
	}
	// The lab is stopped even if the context has ended.
	defer func() { _ = r.run1(context.WithoutCancel(ctx), r.lab, "down") }()
	for _, f := range list {
		if err := r.record(ctx, f); err != nil {
			return fmt.Errorf("%s %s: %w", f.ID, f.Name, err)
		}
		if err := r.writeCases([]faults.Fault{f}); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the faults with the names, or all, in an order in which the healthy lab comes
// first and the old warnings last.
func chosen(names []string) ([]faults.Fault, error) {
	all, err := faults.All()
	if err != nil {
		return nil, err
	}
	var first, list, last []faults.Fault
	for _, f := range all {
		switch {
		case len(names) > 0 && !meant(f, names):
		case f.ID == "F30":
			first = append(first, f)
		case f.Record.Old:
			last = append(last, f)
		default:
			list = append(list, f)
		}
	}
	if list = append(append(first, list...), last...); len(list) == 0 || len(list) < len(names) {
		_, err := faults.Find(names...)
		return nil, err
	}
	return list, nil
}

func meant(f faults.Fault, names []string) bool {
	for _, name := range names {
		if name == f.ID || name == f.Name {
			return true
		}
	}
	return false
}
