// Package korthweb renders a Korthweb-shaped GitOps tree, the Helm charts that its releases
// install, and Flux's own manifests. A lab serves and applies them.
//
// Names, layers and health checks are those of github.com/digihunch/korthweb as of January
// 2025. The manifests are this project's own, in the API versions that Flux 2.9 serves. The
// charts are small replacements. They have the object names of the real charts, and are
// complete, so that an analyser finds only the injected faults.
package korthweb
