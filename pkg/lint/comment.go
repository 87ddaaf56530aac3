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
	byFile map[string][]*comment
	config *Config
}

// commentRule reports comments that are not valid, or that ignore nothing.
var commentRule = &rule.Rule{
	Code: "OW1907", Name: "ignore-comment", Severity: finding.Warning,
	Title: "A comment ignores nothing, or has no reason",
}

// readComments reads the comments of all YAML files of a tree.
func readComments(t *tree.Tree, found []rule.Finding, config Config) *comments {
	c := &comments{byFile: map[string][]*comment{}, config: &config}
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
		c.byFile[name] = inFile(name, string(text), documents)
		c.list = append(c.list, c.byFile[name]...)
	}
	return c
}

// inFile reads the comments of a file.
func inFile(name, text string, documents []*tree.Document) []*comment {
	var list []*comment
	lines := strings.Split(text, "\n")
	next, ends := nextLines(lines), lastLines(documents)
	for i, line := range lines {
		found := ignoreComment.FindStringSubmatchIndex(line)
		if found == nil {
			continue
		}
		c := parseComment(line[found[2]:found[3]])
		c.at = tree.Position{File: name, Line: i + 1, Column: found[0] + 1}
		c.first, c.last = i+1, i+1
		if strings.TrimSpace(line[:found[0]]) == "" {
			c.first = next[i]
			c.last = max(c.first, ends[c.first])
		}
		list = append(list, c)
	}
	return list
}

// nextLines are, for each index of a line, the number of the first line after it that has content.
func nextLines(lines []string) []int {
	next := make([]int, len(lines))
	number := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		next[i] = number
		if line := strings.TrimSpace(lines[i]); line != "" && !strings.HasPrefix(line, "#") && line != "---" {
			number = i + 1
		}
	}
	return next
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

// lastLines are the last lines of the documents, fields and list entries, by the line in which they
// begin. If several begin in a line, it is the outermost.
func lastLines(documents []*tree.Document) map[int]int {
	ends := map[int]int{}
	add := func(line, last int) {
		if _, ok := ends[line]; !ok {
			ends[line] = last
		}
	}
	last := map[*yaml.Node]int{}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode:
				add(child.Line, last[child])
			case i%2 == 0 && i+1 < len(n.Content): // a key
				add(child.Line, last[n.Content[i+1]])
				continue
			}
			walk(child)
		}
	}
	for _, d := range documents {
		tree.LastLines(d.Node, last)
		add(d.Node.Line, last[d.Node])
		walk(d.Node)
	}
	return ends
}

// ignores is the reason of a comment that ignores a finding.
func (c *comments) ignores(f rule.Finding) (reason string, ok bool) {
	for _, comment := range c.byFile[f.At.File] {
		if comment.problem == "" && comment.first <= f.At.Line && f.At.Line <= comment.last &&
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
