package lint

import (
	"context"
	"errors"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

func (o *options) checkRepository(ctx context.Context, r command.Repository, changed func(string) bool) (*lint.Report, error) {
	t, config, err := o.open(r, changed)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return lint.Check(ctx, t, config)
}

// open opens a repository and reads its configuration. The caller closes the tree.
func (o *options) open(r command.Repository, changed func(string) bool) (*tree.Tree, lint.Config, error) {
	t, err := tree.Open(r.Root)
	if err != nil {
		return nil, lint.Config{}, advice.Add(err, "Name a directory that has only the GitOps repository.")
	}
	config, err := o.configuration(t, changed)
	if err != nil {
		return nil, lint.Config{}, errors.Join(err, t.Close())
	}
	config.Below, config.Charts, config.Remote = r.Below, o.charts, o.rules.Remote
	return t, config, nil
}

// checkInput checks manifests on standard input.
func (o *options) checkInput(ctx context.Context) (*lint.Report, error) {
	text, err := command.ReadBounded("-", o.call.Streams.In, tree.MaxFile, "the manifests")
	if err != nil {
		return nil, err
	}
	const name = "standard-input.yaml"
	if _, err := tree.Parse(name, text); err != nil {
		return nil, advice.Add(fmt.Errorf("read standard input: %w", err), "Pipe rendered manifests to the command.")
	}
	report, err := lint.Check(ctx, tree.New(map[string][]byte{name: text}), o.rules)
	if err == nil && report.Empty() {
		err = advice.Add(errors.New("standard input has no Kubernetes manifests"), "Check the command whose output is piped.")
	}
	return report, err
}

// configuration is that of the repository, in which flags replace fields.
func (o *options) configuration(t *tree.Tree, changed func(string) bool) (lint.Config, error) {
	name, text, err := o.configurationFile(t)
	if err != nil {
		return lint.Config{}, advice.Add(err, "Correct the file, or name another with --config.")
	}
	config, failOn, err := lint.ParseConfig(text)
	if err != nil {
		return lint.Config{}, advice.Add(fmt.Errorf("read the configuration %s: %w", name, err), "Correct the file; docs/lint.md describes it.")
	}
	if _, ok := severities[failOn]; !ok && failOn != "" && failOn != "never" {
		return lint.Config{}, fmt.Errorf("read the configuration %s: unknown severity %q in failOn; use critical, warning, info or never", name, failOn)
	}
	if !changed("fail-on") && failOn != "" {
		o.failOn = failOn
	}
	if changed("only") {
		config.Only = o.rules.Only
	}
	config.Skip = append(config.Skip, o.rules.Skip...)
	if changed("flux-version") {
		config.Flux = o.rules.Flux
	}
	if changed("kube-version") {
		config.Kubernetes = o.rules.Kubernetes
	}
	return config, nil
}

// configurationFile is the text of the configuration, empty if there is none.
func (o *options) configurationFile(t *tree.Tree) (name string, text []byte, err error) {
	switch {
	case o.config != "":
		text, err := command.ReadBounded(o.config, nil, 1<<20, "the configuration")
		return o.config, text, err
	case t.Exists(lint.ConfigFile):
		text, err := t.ReadFile(lint.ConfigFile)
		return lint.ConfigFile, text, err
	}
	return "", nil, nil
}
