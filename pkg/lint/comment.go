package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// ignoreComment is a comment such as
//
//	# orthweb:ignore missing-limits: the job runs once
//
// At the end of a line it applies to the line. On a line of its own it applies to the field or
// list entry that follows, with everything below it; before the first field of a document, it
// applies to the document.
var ignoreComment = regexp.MustCompile(`#\s*orthweb:ignore\b([^\n]*)`)

// ignoreForm is what follows "orthweb:ignore": names of rules, a colon, the reason.
var ignoreForm = regexp.MustCompile(`^\s+([A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)*)\s*:\s*(\S.*)$`)

// comment is one ignore comment.
type comment struct {
	at          tree.Position
	rules       []string
	reason      string
	first, last int // the lines to which it applies
	used        bool
	// problem is why it is not valid, or "".
	problem string
}

// comments are the ignore comments of the files that have findings, or are checked.
type comments struct {
	list   []*comment
	config *Config
}

// commentRule reports comments that are not valid, or that ignore nothing.
var commentRule = &rule.Rule{
	Code: "OW1907", Name: "ignore-comment", Severity: finding.Warning,
	Title: "A comment ignores nothing, or has no reason",
}

// readComments reads the comments of all YAML files of a tree.
func readComments(t *tree.Tree, found []rule.Finding, config Config) *comments {
	c := &comments{config: &config}
	hasFindings := map[string]bool{}
	for _, f := range found {
		hasFindings[f.At.File] = true
	}
	for _, name := range t.Files(".") {
		if !tree.IsYAML(name) && !hasFindings[name] {
			continue
		}
		text, err := t.ReadFile(name)
		if err != nil || !ignoreComment.Match(text) {
			continue
		}
		documents, _ := t.Documents(name)
		c.list = append(c.list, inFile(name, string(text), documents)...)
	}
	return c
}

// inFile reads the comments of a file.
func inFile(name, text string, documents []*tree.Document) []*comment {
	var list []*comment
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		found := ignoreComment.FindStringSubmatchIndex(line)
		if found == nil {
			continue
		}
		c := parseComment(line[found[2]:found[3]])
		c.at = tree.Position{File: name, Line: i + 1, Column: found[0] + 1}
		c.first, c.last = i+1, i+1
		if strings.TrimSpace(line[:found[0]]) == "" {
			c.first, c.last = extent(documents, nextLine(lines, i+1))
		}
		list = append(list, c)
	}
	return list
}

// nextLine is the number of the first line from an index on that has content.
func nextLine(lines []string, from int) int {
	for i := from; i < len(lines); i++ {
		if line := strings.TrimSpace(lines[i]); line != "" && !strings.HasPrefix(line, "#") && line != "---" {
			return i + 1
		}
	}
	return len(lines)
}

func parseComment(text string) *comment {
	form := ignoreForm.FindStringSubmatch(strings.TrimRight(text, " \r"))
	if form == nil {
		return &comment{problem: "the comment must have the form `# orthweb:ignore RULE: REASON`"}
	}
	c := &comment{reason: form[2]}
	for name := range strings.SplitSeq(form[1], ",") {
		name = strings.TrimSpace(name)
		if Named(name) == nil {
			c.problem = unknownRule(name).Error()
		}
		c.rules = append(c.rules, name)
	}
	return c
}

// extent are the first and last line of the field, list entry or document that begins in a
// line.
func extent(documents []*tree.Document, line int) (first, last int) {
	for _, d := range documents {
		if d.Node.Line == line {
			return line, tree.LastLine(d.Node)
		}
		if begin := begins(d.Node, line); begin != nil {
			return line, tree.LastLine(begin)
		}
	}
	return line, line
}

// begins is the value of the field or list entry that begins in a line.
func begins(n *yaml.Node, line int) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Line == line {
				return n.Content[i+1]
			}
			if found := begins(n.Content[i+1], line); found != nil {
				return found
			}
		}
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			if entry.Line == line {
				return entry
			}
			if found := begins(entry, line); found != nil {
				return found
			}
		}
	}
	return nil
}

// ignores is the reason of a comment that ignores a finding.
func (c *comments) ignores(f rule.Finding) (reason string, ok bool) {
	for _, comment := range c.list {
		if comment.problem == "" && comment.at.File == f.At.File && comment.first <= f.At.Line && f.At.Line <= comment.last &&
			slices.ContainsFunc(comment.rules, func(name string) bool { return name == f.Rule || strings.EqualFold(name, string(f.Code)) }) {
			comment.used = true
			return comment.reason, true
		}
	}
	return "", false
}

// findings are the comments that are not valid, or ignored nothing although all of their rules
// ran.
func (c *comments) findings() []rule.Finding {
	if !c.config.runs(commentRule) {
		return nil
	}
	var found []rule.Finding
	for _, comment := range c.list {
		message := comment.problem
		if message == "" && !comment.used && c.ran(comment.rules) {
			message = fmt.Sprintf("the comment ignores %s, but nothing is found there", strings.Join(comment.rules, ", "))
		}
		if message == "" || !c.config.within(comment.at.File) {
			continue
		}
		f := rule.Finding{At: comment.at, Rule: commentRule.Name}
		f.Code, f.Message = commentRule.Code, message
		f.Severity = commentRule.Severity
		f.Severity = c.config.severity(f)
		f.Fixes = []finding.Fix{{Text: "Correct the comment, or remove it"}}
		found = append(found, f)
	}
	return found
}

func (c *comments) ran(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !c.config.runs(Named(name)) })
}
