package versioned

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Lint is the versioned form of the defects of trees, for kubectl's printers.
func Lint(r *lint.Report) (runtime.Object, error) {
	out := v1alpha1.LintReport{
		TypeMeta:       metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.LintReportKind},
		Findings:       []v1alpha1.LintFinding{},
		Ignored:        []v1alpha1.LintFinding{},
		Unknown:        []v1alpha1.LintUnknown{},
		OtherSources:   []v1alpha1.LintOtherSource{},
		Kustomizations: int64(r.Kustomizations),
		Objects:        int64(r.Objects),
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, lintFinding(f, ""))
	}
	for _, f := range r.Ignored {
		out.Ignored = append(out.Ignored, lintFinding(f.Finding, f.Reason))
	}
	for _, u := range r.Unknown {
		out.Unknown = append(out.Unknown, v1alpha1.LintUnknown{Position: lintPosition(u.At), Ref: u.Ref, Message: u.Message})
	}
	for _, e := range r.OtherSources {
		out.OtherSources = append(out.OtherSources, v1alpha1.LintOtherSource{Ref: e.Ref, Source: e.Source})
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the findings: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func lintFinding(f rule.Finding, reason string) v1alpha1.LintFinding {
	out := v1alpha1.LintFinding{
		Code: string(f.Code), Rule: f.Rule, Severity: string(f.Severity), Position: lintPosition(f.At),
		Ref: refOrNil(f.Ref), Layer: refOrNil(f.Layer), Others: f.Others, Message: f.Message, Fixes: []v1alpha1.Fix{}, Reason: reason,
	}
	for _, fix := range f.Fixes {
		out.Fixes = append(out.Fixes, v1alpha1.Fix{Text: fix.Text, Command: fix.Command, File: fix.File})
	}
	return out
}

func lintPosition(p tree.Position) v1alpha1.LintPosition {
	return v1alpha1.LintPosition{File: p.File, Line: int64(p.Line), Column: int64(p.Column)}
}

func refOrNil(ref object.Ref) *object.Ref {
	if ref.Name == "" {
		return nil
	}
	return &ref
}

// LintJUnit writes the findings as a suite of tests: one for each rule, which fails if it found
// something from a severity on.
func LintJUnit(w io.Writer, r *lint.Report, fails func(finding.Severity) bool) error {
	suite := junitSuite{Name: "orthweb lint", Time: "0.000"}
	for _, known := range lint.Rules() {
		test := junitCase{Class: "orthweb.lint", Name: string(known.Code) + " " + known.Name, Time: "0.000"}
		var failed, passed []string
		for _, f := range r.Findings {
			if f.Rule != known.Name {
				continue
			}
			if fails(f.Severity) {
				failed = append(failed, LintLine(f))
			} else {
				passed = append(passed, LintLine(f))
			}
		}
		if len(failed) > 0 {
			suite.Failures++
			test.Failure = &junitWord{Message: known.Title, Type: string(known.Code), Text: strings.Join(failed, "\n")}
		}
		test.Output = strings.Join(passed, "\n")
		suite.Cases = append(suite.Cases, test)
	}
	for _, u := range r.Unknown {
		suite.Skipped++
		suite.Cases = append(suite.Cases, junitCase{
			Class: "orthweb.lint", Name: u.Ref.String(), Time: "0.000", Skipped: &junitWord{Message: u.At.String() + ": " + u.Message},
		})
	}
	suite.Tests = len(suite.Cases)
	body, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the findings as JUnit: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(escape.XML(body))+"\n")
	return err
}

// LintLine is a finding in one line.
func LintLine(f rule.Finding) string {
	return fmt.Sprintf("%s: %s %s: %s", f.At, f.Severity, f.Code, LintMessage(f))
}

// LintMessage is the message of a finding with the object that it is about.
func LintMessage(f rule.Finding) string {
	text := f.Message
	if f.Ref.Name != "" {
		text = f.Ref.String() + ": " + text
	}
	return text + LintOthers(f)
}

// LintOthers names the other objects that have the defect of a finding, in parentheses.
func LintOthers(f rule.Finding) string {
	switch len(f.Others) {
	case 0:
		return ""
	case 1, 2:
		var names []string
		for _, ref := range f.Others {
			names = append(names, strings.TrimPrefix(ref.String(), ref.Kind+" "))
		}
		return " (also " + strings.Join(names, ", ") + ")"
	}
	return fmt.Sprintf(" (also %d other objects)", len(f.Others))
}

// github are the characters that a workflow command can't contain, and their replacements
// (actions/toolkit, packages/core/src/command.ts).
var (
	githubText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubField = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// LintGitHub writes the findings as workflow commands, which GitHub shows beside the lines of a
// pull request.
func LintGitHub(w io.Writer, r *lint.Report) error {
	levels := map[finding.Severity]string{finding.Critical: "error", finding.Warning: "warning", finding.Info: "notice"}
	for _, f := range r.Findings {
		text := LintMessage(f)
		for _, fix := range f.Fixes {
			text += "\nFix: " + fix.Text
		}
		if _, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n",
			levels[f.Severity], escape.Line(githubField.Replace(f.At.File)), max(1, f.At.Line), max(1, f.At.Column),
			githubField.Replace(string(f.Code)+" "+f.Rule), escape.Line(githubText.Replace(text))); err != nil {
			return err
		}
	}
	for _, u := range r.Unknown {
		if _, err := fmt.Fprintf(w, "::warning file=%s,line=%d,title=not checked::%s\n",
			escape.Line(githubField.Replace(u.At.File)), max(1, u.At.Line), escape.Line(githubText.Replace(u.Ref.String()+": "+u.Message))); err != nil {
			return err
		}
	}
	return nil
}
