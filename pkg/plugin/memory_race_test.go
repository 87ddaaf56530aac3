//go:build race

package plugin

// memoryFactor is the factor by which the memory use grows: the race detector keeps shadow
// memory.
const memoryFactor = 10
