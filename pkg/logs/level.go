package logs

import (
	"fmt"
	"strings"
)

// Level is the severity of a line.
type Level int

// The levels, the least severe first. Unknown is that of a line whose format has none.
const (
	Unknown Level = iota
	Debug
	Info
	Warn
	Error
)

var levelNames = []string{"", "debug", "info", "warn", "error"}

// String is the name of the level, empty if it is not known.
func (l Level) String() string { return levelNames[l] }

// Levels are the names of the levels that a user can choose.
func Levels() []string { return levelNames[Debug:] }

// ParseLevel returns the level of a name.
func ParseLevel(name string) (Level, error) {
	for level := Debug; level <= Error; level++ {
		if strings.EqualFold(name, level.String()) {
			return level, nil
		}
	}
	return Unknown, fmt.Errorf("unknown level %q", name)
}

// words are the names that programs give to levels: zap, klog, Istio, Envoy, PostgreSQL,
// repmgr, pgpool.
var words = map[string]Level{
	"trace": Debug, "debug": Debug, "debug1": Debug, "debug2": Debug, "debug3": Debug, "debug4": Debug, "debug5": Debug,
	"info": Info, "information": Info, "log": Info, "notice": Info, "statement": Info, "detail": Info, "hint": Info, "context": Info,
	"warn": Warn, "warning": Warn, "error": Error, "err": Error, "critical": Error, "alert": Error,
	"fatal": Error, "panic": Error, "dpanic": Error, "emerg": Error, "crit": Error,
}

// levelOf is the level of a program's word.
func levelOf(word string) Level { return words[strings.ToLower(word)] }

// letters are the levels of glog, klog and Orthanc.
var letters = map[byte]Level{'T': Debug, 'D': Debug, 'I': Info, 'W': Warn, 'E': Error, 'F': Error}
