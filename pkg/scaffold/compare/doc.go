// Package compare compares two tenants, object by object: in a tree, where the difference has a
// file and line, or in a cluster. The names of the tenants, their hosts and addresses are
// replaced by placeholders first, so that only other differences remain.
package compare
