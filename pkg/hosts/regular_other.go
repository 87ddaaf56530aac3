//go:build !unix

package hosts

// asItIs is nothing where there are no flags for it.
const asItIs = 0
