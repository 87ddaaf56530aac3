// Package lint finds defects in a GitOps tree before Flux applies it. It has the table of
// rules, runs them, and removes the findings that a comment or the configuration ignores.
package lint

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Report is the result for a tree.
type Report struct {
	// Findings are in the order of files and lines.
	Findings []rule.Finding
	// Ignored are the findings that a comment or the configuration ignores.
	Ignored []Ignored
	// Unknown is what could not be checked, and may hide findings.
	Unknown []Unknown
	// OtherSources are the Kustomizations whose files are in another source, by name.
	OtherSources []InOtherSource
	// Kustomizations and Objects are how many were built.
	Kustomizations, Objects int
	// omitted are the Kustomizations that were not built because the tree is too large. The first
	// of them is at an index of Unknown.
	omitted, tooLargeAt int
}

// Ignored is a finding that is ignored, and why.
type Ignored struct {
	rule.Finding
	Reason string
}

// Unknown is something that could not be checked.
type Unknown struct {
	At tree.Position
	// Ref is the Kustomization that was not built, or the HelmRelease whose chart was not rendered.
	Ref object.Ref
	// Message is one sentence, without a period.
	Message string
	// Host is the host that is not allowed, if that is why.
	Host string
	// NotInTree: what is missing is not expected in a tree, such as the decrypted values of a
	// release. Nothing has failed.
	NotInTree bool
}

// InOtherSource is a Kustomization whose files are in another source than the tree.
type InOtherSource struct {
	Ref    object.Ref
	Source string
}

// Check checks a tree with the rules that the configuration selects.
func Check(ctx context.Context, t *tree.Tree, config Config) (*Report, error) {
	clusters, err := cluster.DiscoverWith(ctx, t, config.build())
	if err != nil {
		return nil, err
	}
	report := &Report{}
	var found []rule.Finding
	add := func(f rule.Finding) { found = append(found, f) }
	var used []string
	var contexts []*rule.Context
	for _, c := range clusters {
		report.count(c, &config)
		used = append(used, filesOf(c)...)
		contexts = append(contexts, rule.NewContext(c, clusters, config.Options, add))
	}
	for _, r := range Rules() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !config.runs(r) {
			continue
		}
		if r.Tree != nil {
			rule.RunTree(r, t, used, add)
			continue
		}
		for _, c := range contexts {
			c.Run(r)
		}
	}
	report.sort(t, merge(found), config)
	return report, nil
}

// build are the options of builds.
func (c *Config) build() cluster.Options {
	return cluster.Options{
		Remote: c.Remote, Artifacts: true, OneCluster: true, Charts: c.Charts, Kubernetes: cmp.Or(c.Kubernetes, rule.Kubernetes),
	}
}

// count adds what a cluster has in the paths that are reported, and what of it was not built.
func (r *Report) count(c *cluster.Cluster, config *Config) {
	used := map[*cluster.Kustomization]bool{}
	for _, o := range c.Objects {
		if config.within(o.File()) || o.Release != nil && config.within(o.Release.File()) {
			r.Objects++
			used[o.By] = true
		}
	}
	for _, failed := range c.Unread {
		isProblem := func(p build.Problem) bool { return p.Position.File == failed.File }
		reported := slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return slices.ContainsFunc(k.Problems(), isProblem) })
		if config.within(failed.File) && !reported {
			r.Unknown = append(r.Unknown, Unknown{At: tree.Position{File: failed.File, Line: failed.Line}, Message: fmt.Sprintf("the file can't be read: %v", failed.Err)})
		}
	}
	for _, release := range c.Releases {
		if config.within(release.File()) || config.within(release.At.File) {
			r.unrendered(release)
		}
	}
	for _, k := range c.Kustomizations {
		if !used[k] && !config.within(k.File()) && (k.Built == nil || !slices.ContainsFunc(k.Built.Kustomizations, config.within)) &&
			!slices.ContainsFunc(k.Problems(), func(p build.Problem) bool { return config.within(p.Position.File) }) {
			continue
		}
		switch {
		case k.OtherSource != "":
			r.OtherSources = append(r.OtherSources, InOtherSource{Ref: k.Ref(), Source: k.OtherSource})
		case k.Built != nil:
			r.Kustomizations++
		default:
			r.unbuilt(k)
		}
	}
}

// unrendered reports a release whose chart was not rendered for a reason that is not a defect of
// the tree.
func (r *Report) unrendered(release *cluster.Release) {
	if release.Err == nil || release.Err.Reason == chart.Failed {
		return
	}
	r.Unknown = append(r.Unknown, Unknown{
		At: release.At, Ref: release.Ref(), Message: "its chart was not rendered: " + release.Err.Message,
		NotInTree: release.Err.Reason == chart.Incomplete,
	})
}

// unbuilt reports a Kustomization that could not be built for a reason that is not a defect of
// the tree: remote references and files that can't be read.
func (r *Report) unbuilt(k *cluster.Kustomization) {
	problems := k.Problems()
	if problems == nil {
		r.Unknown = append(r.Unknown, Unknown{At: k.Start(), Ref: k.Ref(), Message: k.Err.Error()})
		return
	}
	for _, p := range problems {
		switch p.Reason {
		case build.TooLarge:
			r.tooLarge(k, p)
		case build.Remote, build.Unreadable:
			r.Unknown = append(r.Unknown, Unknown{At: p.Position, Ref: k.Ref(), Message: p.Message, Host: p.Host})
		}
	}
}

// tooLarge reports a Kustomization that was not built because the tree is too large. The others
// that were not built are only counted.
func (r *Report) tooLarge(k *cluster.Kustomization, p build.Problem) {
	if r.omitted++; r.omitted == 1 {
		r.tooLargeAt = len(r.Unknown)
		r.Unknown = append(r.Unknown, Unknown{At: p.Position, Ref: k.Ref(), Message: p.Message})
		return
	}
	r.Unknown[r.tooLargeAt].Message = p.Message + "; also not built: " + finding.Count(r.omitted-1, "other Kustomization")
}

// filesOf are the kustomization files of a cluster.
func filesOf(c *cluster.Cluster) []string {
	var files []string
	for _, k := range c.Kustomizations {
		if k.Built != nil {
			files = append(files, k.Built.Kustomizations...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// merge joins the findings that one line causes for several objects.
func merge(all []rule.Finding) []rule.Finding {
	slices.SortStableFunc(all, func(a, b rule.Finding) int {
		return cmp.Or(
			cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), a.Ref.Compare(b.Ref),
		)
	})
	var merged []rule.Finding
	for _, f := range all {
		if len(merged) > 0 {
			last := &merged[len(merged)-1]
			if last.At == f.At && last.Rule == f.Rule && last.Message == f.Message {
				if last.Ref != f.Ref && !slices.Contains(last.Others, f.Ref) {
					last.Others = append(last.Others, f.Ref)
					last.Files = append(last.Files, f.Files...)
				}
				continue
			}
		}
		merged = append(merged, f)
	}
	return merged
}

// sort separates the findings that are ignored.
func (r *Report) sort(t *tree.Tree, found []rule.Finding, config Config) {
	comments := readComments(t, found, config)
	for _, f := range found {
		f.Severity = config.severity(f)
		if !config.within(f.At.File) && !slices.ContainsFunc(f.Files, config.within) {
			continue
		}
		if reason, ok := config.ignores(f); ok {
			r.Ignored = append(r.Ignored, Ignored{f, reason})
			continue
		}
		if reason, ok := comments.ignores(f); ok {
			r.Ignored = append(r.Ignored, Ignored{f, reason})
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	r.Findings = append(r.Findings, comments.findings()...)
	slices.SortStableFunc(r.Findings, func(a, b rule.Finding) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
}

// Worst is the highest severity of the findings, "" if there are none.
func (r *Report) Worst() finding.Severity {
	var worst finding.Severity
	for _, f := range r.Findings {
		if worst == "" || rank(f.Severity) < rank(worst) {
			worst = f.Severity
		}
	}
	return worst
}

// rank orders severities, the worst first.
func rank(s finding.Severity) int {
	return slices.Index([]finding.Severity{finding.Critical, finding.Warning, finding.Info}, s)
}

// Finding is a finding of a rule.
type Finding = rule.Finding

// Rule is a rule of the table.
type Rule = rule.Rule

// Empty reports whether there was nothing to check.
func (r *Report) Empty() bool {
	return r.Objects == 0 && r.Kustomizations == 0 && len(r.Unknown)+len(r.OtherSources)+len(r.Findings)+len(r.Ignored) == 0
}

// Unclear reports whether something could not be checked that should be in a tree.
func (r *Report) Unclear() bool {
	return slices.ContainsFunc(r.Unknown, func(u Unknown) bool { return !u.NotInTree })
}

// Add adds another report.
func (r *Report) Add(other *Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Ignored = append(r.Ignored, other.Ignored...)
	r.Unknown = append(r.Unknown, other.Unknown...)
	r.OtherSources = append(r.OtherSources, other.OtherSources...)
	r.Kustomizations += other.Kustomizations
	r.Objects += other.Objects
}

// Move makes all positions relative to another directory, in which the tree is a directory.
func (r *Report) Move(dir string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		f.At.File = path.Join(dir, f.At.File)
		f.Fixes = slices.Clone(f.Fixes)
		for j := range f.Fixes {
			if f.Fixes[j].File != "" {
				f.Fixes[j].File = path.Join(dir, f.Fixes[j].File)
			}
		}
	}
	for i := range r.Ignored {
		r.Ignored[i].At.File = path.Join(dir, r.Ignored[i].At.File)
	}
	for i := range r.Unknown {
		r.Unknown[i].At.File = path.Join(dir, r.Unknown[i].At.File)
	}
}
