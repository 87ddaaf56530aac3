package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

const header = `Licenses of what is linked into kubectl-orthweb
===============================================

Written by ` + "`make licenses`" + `. Each text is preceded by the modules that it is of.
`

// rule separates the texts.
var rule = strings.Repeat("-", 79)

// notices are the licenses of all linked modules, each text once, in the order of the first
// module that has it.
func notices(dir string) (string, error) {
	packages, err := allLinked(dir)
	if err != nil {
		return "", err
	}
	texts := map[string]map[string]bool{}
	var order []string
	for _, l := range packages {
		files, err := l.licenseFiles()
		if err != nil {
			return "", err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", fmt.Errorf("reading the license of %s: %w", l.module, err)
			}
			text := tidy(string(content))
			if texts[text] == nil {
				texts[text] = map[string]bool{}
				order = append(order, text)
			}
			texts[text][l.module] = true
		}
	}
	var out strings.Builder
	out.WriteString(header)
	for _, text := range order {
		fmt.Fprintf(&out, "\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(slices.Sorted(maps.Keys(texts[text])), "\n"), rule, text)
	}
	return out.String(), nil
}

// tidy removes differences between copies of one text that have no meaning.
func tidy(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
