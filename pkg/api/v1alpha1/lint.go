package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// LintReportKind is the kind that `lint` prints.
const LintReportKind = "LintReport"

// LintReport are the defects of GitOps trees.
type LintReport struct {
	metav1.TypeMeta `json:",inline"`
	// Findings are in the order of files and lines.
	Findings []LintFinding `json:"findings"`
	// Ignored are the findings that a comment or the configuration ignores.
	Ignored []LintFinding `json:"ignored"`
	// Unknown is what could not be checked, and may hide findings.
	Unknown []LintUnknown `json:"unknown"`
	// OtherSources are the Kustomizations whose files are in another source.
	OtherSources []LintOtherSource `json:"otherSources"`
	// Kustomizations and Objects are how many were built.
	Kustomizations int64 `json:"kustomizations"`
	Objects        int64 `json:"objects"`
}

// LintPosition is a place in a tree. Line and column start at 1; they are absent if the
// finding is about the file as a whole.
type LintPosition struct {
	File   string `json:"file"`
	Line   int64  `json:"line,omitempty"`
	Column int64  `json:"column,omitempty"`
}

// LintFinding is one defect.
type LintFinding struct {
	Code string `json:"code"`
	// Rule is the name of the rule.
	Rule     string       `json:"rule"`
	Severity string       `json:"severity"`
	Position LintPosition `json:"position"`
	Ref      *object.Ref  `json:"ref,omitempty"`
	// Layer is the Kustomization that applies the object.
	Layer *object.Ref `json:"layer,omitempty"`
	// Others are the other objects that have the defect because of the same line.
	Others  []object.Ref `json:"others,omitempty"`
	Message string       `json:"message"`
	Fixes   []Fix        `json:"fixes"`
	// Reason is why the finding is ignored.
	Reason string `json:"reason,omitempty"`
}

// LintUnknown is something that could not be checked.
type LintUnknown struct {
	Position LintPosition `json:"position"`
	Ref      object.Ref   `json:"ref"`
	Message  string       `json:"message"`
}

// LintOtherSource is a Kustomization whose files are in another source than the tree.
type LintOtherSource struct {
	Ref    object.Ref `json:"ref"`
	Source string     `json:"source"`
}
