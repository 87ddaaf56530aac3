package versioned

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// The parts of SARIF that lint uses (Static Analysis Results Interchange Format 2.1.0, OASIS
// standard of 27 March 2020; section numbers are of that document).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct { // 3.14
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct { // 3.18
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct { // 3.19
		Name           string      `json:"name"`
		Version        string      `json:"semanticVersion,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID               string     `json:"id"`
		Name             string     `json:"name"`
		ShortDescription sarifText  `json:"shortDescription"`
		HelpURI          string     `json:"helpUri"`
		Default          sarifLevel `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct { // 3.11
		Text string `json:"text"`
	}
	sarifInvocation struct { // 3.20
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct { // 3.58
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifResult struct { // 3.27
		RuleID       string             `json:"ruleId"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct { // 3.35
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct { // 3.28
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct { // 3.29
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct { // 3.4
		URI string `json:"uri"`
	}
	sarifRegion struct { // 3.30
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

var sarifLevels = map[finding.Severity]string{finding.Critical: "error", finding.Warning: "warning", finding.Info: "note"}

const pages = "https://github.com/digihunch/kubectl-orthweb"

// LintSARIF writes the findings as SARIF, which code hosts and editors show beside the lines.
// Version is that of the program.
func LintSARIF(w io.Writer, r *lint.Report, version string) error {
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "kubectl-orthweb", Version: version, InformationURI: pages, Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{Successful: true}},
		Results:     []sarifResult{},
		ColumnKind:  "unicodeCodePoints",
	}
	for _, known := range lint.Rules() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: string(known.Code), Name: known.Name, ShortDescription: sarifText{known.Title},
			HelpURI: pages + "/blob/main/docs/findings.md#" + strings.ToLower(string(known.Code)), Default: sarifLevel{sarifLevels[known.Severity]},
		})
	}
	for _, u := range r.Unknown {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{
			Level: "warning", Message: sarifText{u.Ref.String() + " was not checked: " + u.Message}, Locations: sarifLocations(u.At),
		})
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, sarifFinding(f))
	}
	for _, ignored := range r.Ignored {
		result := sarifFinding(ignored.Finding)
		result.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: ignored.Reason}}
		run.Results = append(run.Results, result)
	}
	text, err := json.MarshalIndent(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the findings as SARIF: %w", err)
	}
	_, err = w.Write(append(escape.JSON(text), '\n'))
	return err
}

func sarifFinding(f rule.Finding) sarifResult {
	text := LintMessage(f)
	for _, fix := range f.Fixes {
		text += "\nFix: " + fix.Text
	}
	return sarifResult{RuleID: string(f.Code), Level: sarifLevels[f.Severity], Message: sarifText{text}, Locations: sarifLocations(f.At)}
}

func sarifLocations(p tree.Position) []sarifLocation {
	physical := sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: p.File}).String()}}
	if p.Line > 0 {
		physical.Region = &sarifRegion{StartLine: p.Line, StartColumn: p.Column}
	}
	return []sarifLocation{{physical}}
}
