package screen

import (
	"bufio"
	"io"
	"strings"
)

// Asks asks a person a question, and tells whether the answer is yes.
func Asks(in io.Reader, out io.Writer, question string) bool {
	Printf(out, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
