// Package secret has the rules about passwords, tokens and keys in Git: those that are not
// encrypted, are publicly known, or can't be decrypted. No message, evidence or fix contains the
// value of one.
package secret

import (
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{notDecrypted, defaultCredentials, plainTextSecret}

// inFile is a fix in a file.
func inFile(file, text string) finding.Fix { return finding.Fix{Text: text, File: file} }
