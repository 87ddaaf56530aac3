//go:build !unix

package hosts

// asItIs is 0 on systems without such flags.
const asItIs = 0
