// Command fluxmanifests writes pkg/flux/release/manifests: the install manifests of some
// releases of Flux, as their release assets have them. Run it in the repository:
// `make flux-manifests`.
//
// The assets (manifests.tar.gz) come from a Go module that contains them unchanged, because
// Go's module proxy and checksum database serve it. As far as the proxy serves the modules of
// Flux itself, the command builds the same files from those, and compares them.
package main

import (
	"fmt"
	"os"
	"slices"
)

// releases are the releases that are built into the program: the newest patch of each minor
// version that Flux supports.
var releases = []string{"v2.9.5", "v2.8.8", "v2.7.5"}

// compared are releases that are only compared with their sources: the proxy serves the
// modules of more of their controllers.
var compared = []string{"v2.9.4"}

// assets is the module that contains the assets of Flux's releases, with the checksum of its
// archive, as in go.sum. Only the assets are used, which are Flux's, under its license (Apache
// License 2.0); the module's own code has another.
var assets = module{
	path: "github.com/controlplaneio-fluxcd/flux-operator", version: "v0.59.0",
	sum: "h1:jByuiWYtjSJxucGHuz68tV0DeVFz5CYrKQYfxAwE7lE=",
}

// assetsDirectory has a directory for each release.
const assetsDirectory = "config/data/flux"

// destination is where the archives are written.
const destination = "pkg/flux/release/manifests"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := assets.files()
	if err != nil {
		return err
	}
	all := byRelease(files, assetsDirectory)
	for _, release := range slices.Concat(releases, compared) {
		if len(all[release]) == 0 {
			return fmt.Errorf("%s %s has no manifests of Flux %s", assets.path, assets.version, release)
		}
		if err := compareWithSources(release, all[release]); err != nil {
			return err
		}
	}
	if err := compareServed(all); err != nil {
		return err
	}
	return write(destination, releases, all)
}
