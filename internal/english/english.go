// Package english prevents kubectl's library from loading its translations: this program has
// English texts only, and unpacking a catalogue took a third of the time of every command.
// Importing it is enough. It works because packages are initialised in the order of their
// paths, after the packages that they import (Go 1.21): this one before the packages of kubectl
// that use translations.
package english

import "k8s.io/kubectl/pkg/util/i18n"

func init() {
	// An error would only mean that they are loaded already: slower, but correct.
	_ = i18n.SetLoadTranslationsFunc(func() error { return nil })
}
