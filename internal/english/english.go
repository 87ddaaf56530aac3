// Package english keeps kubectl's library from loading its translations: this
// program speaks English, and unpacking a catalogue took a third of the time of
// every command. Importing it is enough. It works because packages are
// initialised in the order of their paths once all that they import is (Go
// 1.21): this one before those of kubectl that look texts up.
package english

import "k8s.io/kubectl/pkg/util/i18n"

func init() {
	// An error would only mean that they are loaded already: slower, but correct.
	_ = i18n.SetLoadTranslationsFunc(func() error { return nil })
}
