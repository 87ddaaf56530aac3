//go:build !race

package plugin

// memoryFactor is how many times the memory the program takes.
const memoryFactor = 1
