//go:build !race

package plugin

// memoryFactor is the factor by which the memory use grows.
const memoryFactor = 1
