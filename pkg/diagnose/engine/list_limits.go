package engine

// MaxListed is how many pods evidence lists.
const MaxListed = 50

// MaxNamed is how many pods are named one by one.
const MaxNamed = 5
