package lint

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// ConfigFile is the name of the configuration at the root of a tree.
const ConfigFile = ".orthweb-lint.yaml"

// Config selects rules and findings.
type Config struct {
	rule.Options
	// Only are the rules that run, by name or code; all if it is empty.
	Only []string
	// Skip are the rules that don't run, by name or code.
	Skip []string
	// Severities replace the severities of rules, by name or code.
	Severities map[string]finding.Severity
	// Ignore are findings to ignore.
	Ignore []IgnoreEntry
	// Charts renders the charts in the tree; without it, they are not rendered.
	Charts *chart.Renderer
	// Below are the directories and files whose findings are reported; all if it is empty.
	Below []string
	// Remote downloads the remote references of kustomizations; nil downloads none.
	Remote *remote.Fetcher
}

// IgnoreEntry ignores the findings of rules in files.
type IgnoreEntry struct {
	// Rules are names or codes; all rules if it is empty.
	Rules []string `json:"rules,omitempty"`
	// Paths are files, directories that end with "/", or patterns of path.Match.
	Paths []string `json:"paths"`
	// Reason is why. It is required.
	Reason string `json:"reason"`
}

// file is the form of the configuration file.
type file struct {
	FluxVersion string                      `json:"fluxVersion,omitempty"`
	KubeVersion string                      `json:"kubeVersion,omitempty"`
	FailOn      string                      `json:"failOn,omitempty"`
	Only        []string                    `json:"only,omitempty"`
	Skip        []string                    `json:"skip,omitempty"`
	Severities  map[string]finding.Severity `json:"severities,omitempty"`
	Ignore      []IgnoreEntry               `json:"ignore,omitempty"`
}

// ParseConfig reads a configuration file, and the severity from which findings fail the check,
// which is empty if the file has none. An error names the field.
func ParseConfig(text []byte) (config Config, failOn string, err error) {
	var f file
	if err := yaml.UnmarshalStrict(text, &f); err != nil {
		return Config{}, "", err
	}
	config = Config{
		Options:    rule.Options{Flux: f.FluxVersion, Kubernetes: f.KubeVersion},
		Only:       f.Only,
		Skip:       f.Skip,
		Severities: f.Severities,
		Ignore:     f.Ignore,
	}
	for i, entry := range f.Ignore {
		switch {
		case strings.TrimSpace(entry.Reason) == "":
			return Config{}, "", fmt.Errorf("ignore[%d] has no reason", i)
		case len(entry.Paths) == 0:
			return Config{}, "", fmt.Errorf("ignore[%d] has no paths", i)
		}
	}
	return config, f.FailOn, config.Validate()
}

// Validate rejects names of rules and severities that do not exist, and invalid versions and
// patterns. It writes versions as "2.8".
func (c *Config) Validate() error {
	names := slices.Concat(c.Only, c.Skip)
	for name, severity := range c.Severities {
		names = append(names, name)
		if rank(severity) < 0 {
			return fmt.Errorf("the severity %q of %s does not exist; use Critical, Warning or Info", severity, name)
		}
	}
	for _, entry := range c.Ignore {
		names = append(names, entry.Rules...)
		for _, pattern := range entry.Paths {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("the path %q is not a valid pattern", pattern)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if Named(name) == nil {
			return unknownRule(name)
		}
	}
	for what, v := range map[string]*string{"Flux": &c.Flux, "Kubernetes": &c.Kubernetes} {
		if *v == "" {
			continue
		}
		parsed, err := version.ParseGeneric(*v)
		if err != nil {
			return fmt.Errorf("the version %q of %s is not valid: use MAJOR.MINOR, as in 2.8 or 1.36", *v, what)
		}
		*v = fmt.Sprintf("%d.%d", parsed.Major(), parsed.Minor())
	}
	if !slices.ContainsFunc(Rules(), c.runs) {
		return errors.New("no rule is left to check")
	}
	return c.checkKnown()
}

// checkKnown rejects versions about which nothing is known: nothing would be found.
func (c *Config) checkKnown() error {
	minors := release.Minors()
	if c.Flux != "" && !slices.Contains(minors, "v"+c.Flux) {
		return fmt.Errorf("the version %s of Flux is not known: this program knows %s to %s", c.Flux,
			strings.TrimPrefix(minors[len(minors)-1], "v"), strings.TrimPrefix(minors[0], "v"))
	}
	if c.Kubernetes == "" {
		return nil
	}
	newest, wanted := version.MustParseGeneric(rule.Kubernetes), version.MustParseGeneric(c.Kubernetes)
	if wanted.Major() != newest.Major() || newest.LessThan(wanted) {
		return fmt.Errorf("the version %s of Kubernetes is not known: this program knows 1.0 to %s", c.Kubernetes, rule.Kubernetes)
	}
	return nil
}

// unknownRule is the error of a rule that does not exist, with the name of a similar one.
func unknownRule(name string) error {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name)
	}
	if near := similar.Nearest(name, names); near != "" && len(name) < 64 {
		return fmt.Errorf("the rule %q does not exist; did you mean %s?", name, near)
	}
	return fmt.Errorf("the rule %q does not exist", name)
}

// Named finds a rule by its name or code, nil if there is none.
func Named(name string) *rule.Rule {
	for _, r := range Rules() {
		if r.Name == name || strings.EqualFold(string(r.Code), name) {
			return r
		}
	}
	return nil
}

func isNamed(r *rule.Rule, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return name == r.Name || strings.EqualFold(name, string(r.Code)) })
}

// runs reports whether a rule is selected.
func (c *Config) runs(r *rule.Rule) bool {
	return (len(c.Only) == 0 || isNamed(r, c.Only)) && !isNamed(r, c.Skip)
}

func (c *Config) severity(f rule.Finding) finding.Severity {
	for name, severity := range c.Severities {
		if name == f.Rule || strings.EqualFold(name, string(f.Code)) {
			return severity
		}
	}
	return f.Severity
}

// ignores is the reason why the configuration ignores a finding.
func (c *Config) ignores(f rule.Finding) (reason string, ok bool) {
	for _, entry := range c.Ignore {
		named := len(entry.Rules) == 0 || slices.ContainsFunc(entry.Rules, func(name string) bool {
			return name == f.Rule || strings.EqualFold(name, string(f.Code))
		})
		if named && slices.ContainsFunc(entry.Paths, func(pattern string) bool { return matches(pattern, f.At.File) }) {
			return entry.Reason, true
		}
	}
	return "", false
}

// matches reports whether a pattern matches a file, or one of the directories that contain it.
func matches(pattern, file string) bool {
	pattern = strings.TrimSuffix(path.Clean(pattern), "/")
	return slices.ContainsFunc(slices.AppendSeq([]string{file}, tree.Parents(file)), func(name string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}

// within reports whether the findings of a file are reported.
func (c *Config) within(file string) bool {
	return len(c.Below) == 0 || slices.ContainsFunc(c.Below, func(dir string) bool {
		return dir == "." || file == dir || strings.HasPrefix(file, dir+"/")
	})
}
