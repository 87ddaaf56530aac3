// Package korthweb renders a Korthweb-shaped GitOps tree, the Helm charts its
// releases install, and Flux's own manifests, for a lab to serve and apply.
//
// Names, layers and health checks are those of github.com/digihunch/korthweb
// as of January 2025. The manifests are this project's own, in the API versions
// that Flux 2.9 serves. The charts are stand-ins: small, but with the object
// names the real ones give, and whole, so that an analyser finds only the faults
// that were put there.
package korthweb
