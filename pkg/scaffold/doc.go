// Package scaffold finds the tenants of a GitOps tree with the files that only they use, and
// creates and removes tenants: a tree and options in, changes of files out. Nothing is written.
//
// A new tenant is a copy of another, the model. What is copied are the files that only the
// model's layers use and that have its name in their path. A result is returned only after the
// changed tree was built as Flux builds it, and nothing else in it has changed.
package scaffold
