//go:build race

package plugin

// memoryFactor is how many times the memory the program takes: the race detector has
// a shadow of all of it.
const memoryFactor = 10
