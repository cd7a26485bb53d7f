// Package browser is tests that use the web page of the built program in Chromium,
// as people do: by mouse, touch and keyboard, on a wide screen and on a phone. Where
// there is no chromium they are skipped, and with CI=true they fail.
//
// With CALLVAULT_SCREENSHOTS=FOLDER they leave pictures there, for looking at.
package browser
