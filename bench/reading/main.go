//go:build linux

// Command reading measures the commands that read a cluster, with growing numbers of tenants, next
// to kubectl and flux. bench/scale runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/internal/resident"
)

// ownTenants is the number of tenants that a lab has without copies.
const ownTenants = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{}
	flag.StringVar(&b.lab, "lab", "bin/orthweb-lab", "orthweb-lab")
	flag.StringVar(&b.dir, "dir", "", "directory of the lab")
	flag.StringVar(&b.orthweb, "orthweb", "bin/kubectl-orthweb", "this program")
	flag.StringVar(&b.kubectl, "kubectl", "kubectl", "kubectl")
	flag.StringVar(&b.flux, "flux", "flux", "flux")
	flag.StringVar(&b.tenants, "tenants", "bench/tenants", "program that writes a repository of many tenants")
	flag.IntVar(&b.rounds, "rounds", 5, "number of runs of each command")
	sizes := flag.String("sizes", "2,10,100,1000", "numbers of tenants")
	flag.Parse()
	if err := b.run(ctx, *sizes); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// bench is a series of measurements.
type bench struct {
	lab, dir, orthweb, kubectl, flux, tenants string
	rounds                                    int

	work       string
	kubeconfig string
	meter      resident.Meter
	proxy      *proxy
	results    results
}

func (b *bench) run(ctx context.Context, sizes string) (err error) {
	numbers, err := parseSizes(sizes)
	if err != nil {
		return err
	}
	if b.work, err = os.MkdirTemp("", "orthweb-reading-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.work)) }()
	b.kubeconfig = filepath.Join(b.dir, "pki", "admin.kubeconfig")
	if b.meter, err = resident.NewMeter(b.work); err != nil {
		return err
	}
	if b.proxy, err = startProxy(b.kubeconfig, b.work); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.proxy.close()) }()
	for _, n := range numbers {
		if err := b.size(ctx, n); err != nil {
			return err
		}
	}
	fmt.Println(b.results.table())
	fmt.Println(b.results.bars())
	return nil
}

// parseSizes parses the numbers of tenants, in ascending order: copies are only added.
func parseSizes(text string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < ownTenants {
			return nil, fmt.Errorf("a number of tenants must be at least %d, not %q", ownTenants, s)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// size measures with n tenants: all healthy, one broken, all copies broken.
func (b *bench) size(ctx context.Context, n int) error {
	copies := n - ownTenants
	tree := filepath.Join(b.work, fmt.Sprintf("tree-%d", n))
	if err := b.tool(ctx, b.tenants, "-tenants", strconv.Itoa(n), tree); err != nil {
		return err
	}
	for _, state := range states {
		if state.broken != nil && copies == 0 {
			continue
		}
		broken := 0
		if state.broken != nil {
			broken = state.broken(copies)
		}
		if err := b.tool(ctx, b.lab, "load", "--dir="+b.dir, "--tenants", strconv.Itoa(copies), "--broken", strconv.Itoa(broken)); err != nil {
			return err
		}
		if err := b.measure(ctx, n, state, b.commands(state, tree, copies)); err != nil {
			return err
		}
	}
	return nil
}

// state is a state of the tenants.
type state struct {
	name string
	// broken is the number of broken copies, nil for none.
	broken func(copies int) int
}

var states = []state{
	{"healthy", nil},
	{"one broken", func(int) int { return 1 }},
	{"all broken", func(copies int) int { return copies }},
}

// tool runs a program that is not measured.
func (b *bench) tool(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return nil
}
