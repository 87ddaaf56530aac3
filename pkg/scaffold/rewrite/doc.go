// Package rewrite changes the texts of files in a GitOps repository: it replaces names in a copy,
// adds entries to lists and removes them, and makes a Kustomization of Flux delete objects from
// what it builds. What does not change stays as it is, to the byte; a change whose result would
// have other values is refused.
package rewrite
