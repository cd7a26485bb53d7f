package gong

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// UploadSystem is the system of a call that was posted: observed.
const UploadSystem = "Upload API"

// AlreadyPosted is the text for a clientUniqueId that a posted call has, with status 400:
// observed. Clients read the call's id from it.
func AlreadyPosted(clientUniqueID, callID string) string {
	return "A call with clientUniqueId '" + clientUniqueID + "' has already been posted for the call " + callID
}

// NewCallResponse is the answer to POST /v2/calls.
type NewCallResponse struct {
	RequestID string `json:"requestId"`
	CallID    string `json:"callId"`
}

// NewCallRequest is the body of POST /v2/calls: a call that another system has made. What
// it does not send is nil. Members that are not here mean nothing.
type NewCallRequest struct {
	ClientUniqueID   *string            `json:"clientUniqueId"`
	Title            *string            `json:"title"`
	Purpose          *string            `json:"purpose"`
	ScheduledStart   *string            `json:"scheduledStart"`
	ScheduledEnd     *string            `json:"scheduledEnd"`
	ActualStart      *string            `json:"actualStart"`
	Duration         *float64           `json:"duration"`
	Parties          []*CallParticipant `json:"parties"`
	Direction        *Direction         `json:"direction"`
	Disposition      *string            `json:"disposition"`
	Context          []*UploadContext   `json:"context"`
	CustomData       *string            `json:"customData"`
	SpeakersTimeline *SpeakersTimeline  `json:"speakersTimeline"`
	MeetingURL       *string            `json:"meetingUrl"`
	CallProviderCode *string            `json:"callProviderCode"`
	DownloadMediaURL *string            `json:"downloadMediaUrl"`
	WorkspaceID      *string            `json:"workspaceId"`
	LanguageCode     *string            `json:"languageCode"`
	PrimaryUser      *string            `json:"primaryUser"`
}

// CallParticipant is somebody who took part in a posted call.
type CallParticipant struct {
	PhoneNumber    *string          `json:"phoneNumber"`
	EmailAddress   *string          `json:"emailAddress"`
	Name           *string          `json:"name"`
	PartyID        *string          `json:"partyId"`
	MediaChannelID *float64         `json:"mediaChannelId"`
	Context        []*UploadContext `json:"context"`
	UserID         *string          `json:"userId"`
}

// UploadContext links a posted call or a participant to objects of another system.
type UploadContext struct {
	System  *string         `json:"system"`
	Objects []*UploadObject `json:"objects"`
}

// UploadObject is an object of another system.
type UploadObject struct {
	ObjectType *string `json:"objectType"`
	ObjectID   *string `json:"objectId"`
}

// SpeakersTimeline tells who spoke when.
type SpeakersTimeline struct {
	Precise        *bool            `json:"precise"`
	SpeechSegments []*SpeechSegment `json:"speechSegments"`
}

// SpeechSegment is a time in which participants spoke, in milliseconds from the beginning.
type SpeechSegment struct {
	FromTime *float64 `json:"fromTime"`
	ToTime   *float64 `json:"toTime"`
	PartyIDs []string `json:"partyIds"`
}

// Limits of the contract, in characters.
const (
	maxClientUniqueID = 2048
	maxFreeText       = 255 // of purpose and disposition
)

// maxProblems is how many problems of a request are told: its arrays may have thousands.
const maxProblems = 50

// Call is the call with this id as the list shows a posted one. The problems are all that
// is wrong with the request, by the paths of its members; a call that has some is not
// complete. What the contract does not list, such as the parties, is checked and left out.
func (r *NewCallRequest) Call(id string) (c Call, problems []FieldError) {
	var k requestCheck
	k.filled("clientUniqueId", r.ClientUniqueID)
	k.text("clientUniqueId", r.ClientUniqueID, maxClientUniqueID)
	k.text("title", r.Title, math.MaxInt)
	k.text("purpose", r.Purpose, maxFreeText)
	k.required("actualStart", r.ActualStart != nil)
	started, scheduled := k.time("actualStart", r.ActualStart), k.time("scheduledStart", r.ScheduledStart)
	k.time("scheduledEnd", r.ScheduledEnd)
	if scheduled == nil {
		scheduled = started
	}
	k.required("direction", r.Direction != nil)
	if r.Direction != nil && !slices.Contains(directions[:], *r.Direction) {
		k.oneOf("direction", string(*r.Direction), texts(directions[:]))
	}
	k.text("disposition", r.Disposition, maxFreeText)
	k.text("customData", r.CustomData, math.MaxInt)
	k.text("meetingUrl", r.MeetingURL, math.MaxInt)
	k.parties(r)
	k.contexts("context", r.Context, "Opportunity", "Account", "Lead", "Contact", "User", "Opportunity,Account")
	k.timeline(r)
	c = Call{
		ID: id, Title: r.Title, Started: started, Scheduled: scheduled, Duration: k.seconds("duration", r.Duration),
		PrimaryUserID: r.PrimaryUser, Direction: r.Direction, Scope: new(r.scope()), Language: k.language(r.LanguageCode),
		SDRDisposition: r.Disposition, ClientUniqueID: r.ClientUniqueID, CustomData: r.CustomData, Purpose: r.Purpose,
		MeetingURL: r.MeetingURL, IsPrivate: new(false),
	}
	c.System, c.Media = new(UploadSystem), new(Audio)
	if r.WorkspaceID != nil && *r.WorkspaceID != "" {
		c.WorkspaceID = r.WorkspaceID
		if err := ValidID(*r.WorkspaceID); err != nil {
			k.add("workspaceId", err.Error())
		}
	}
	return c, k.problems
}

// scope is External if one of the parties is not a user of the company.
func (r *NewCallRequest) scope() CallScope {
	if slices.ContainsFunc(r.Parties, func(p *CallParticipant) bool { return p == nil || p.UserID == nil || *p.UserID == "" }) {
		return External
	}
	return Internal
}

func texts[T ~string](values []T) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return texts
}

// requestCheck collects what is wrong with a request.
type requestCheck struct {
	problems []FieldError
}

func (k *requestCheck) add(path, problem string) {
	if len(k.problems) < maxProblems {
		k.problems = append(k.problems, FieldError{path, problem})
	}
}

// isFull tells whether further problems would not be told: an array of the request is not
// looked at to its end for them.
func (k *requestCheck) isFull() bool { return len(k.problems) == maxProblems }

func (k *requestCheck) required(path string, isThere bool) {
	if !isThere {
		k.add(path, MustNotBeNull)
	}
}

func (k *requestCheck) filled(path string, value *string) {
	k.required(path, value != nil)
	if value != nil && *value == "" {
		k.add(path, "must not be empty")
	}
}

func (k *requestCheck) text(path string, value *string, most int) {
	if value == nil {
		return
	}
	if err := ValidText(*value); err != nil {
		k.add(path, err.Error())
	}
	if utf8.RuneCountInString(*value) > most {
		k.add(path, fmt.Sprintf("size must be between 0 and %d", most))
	}
}

func (k *requestCheck) time(path string, value *string) *Time {
	if value == nil {
		return nil
	}
	t, err := ParseTime(*value)
	if err != nil {
		k.add(path, err.Error())
		return nil
	}
	return &t
}

func (k *requestCheck) oneOf(path, value string, values []string) {
	k.add(path, fmt.Sprintf("%.*q is not one of %s", maxEcho, value, strings.Join(values, ", ")))
}

// seconds floors a duration.
func (k *requestCheck) seconds(path string, value *float64) *int64 {
	const most = 1 << 53 // as far as each whole number is one of its own
	if value == nil {
		return nil
	}
	if k.atLeastZero(path, *value); *value > most {
		k.add(path, fmt.Sprintf("must be less than or equal to %d", most))
	}
	return new(int64(math.Floor(*value)))
}

func (k *requestCheck) language(code *string) *string {
	if code == nil || *code == "" {
		return new(undetermined)
	}
	language, known := languageOf(*code)
	if !known {
		k.add("languageCode", fmt.Sprintf("%.*q is not a language that Gong transcribes; send one such as en-US, or leave it out", maxEcho, *code))
	}
	return &language
}

// parties checks the participants, of whom one must be the primary user.
func (k *requestCheck) parties(r *NewCallRequest) {
	k.required("parties", r.Parties != nil)
	if r.Parties != nil && len(r.Parties) == 0 {
		k.add("parties", "must not be empty")
	}
	k.text("primaryUser", r.PrimaryUser, math.MaxInt)
	hasPrimary := false
	for i, p := range r.Parties {
		if k.isFull() {
			return
		}
		path := fmt.Sprintf("parties[%d]", i)
		if p == nil {
			k.add(path, MustNotBeNull)
			continue
		}
		hasPrimary = hasPrimary || r.PrimaryUser != nil && p.UserID != nil && *p.UserID == *r.PrimaryUser
		if p.EmailAddress != nil && !isEmail(*p.EmailAddress) {
			k.add(path+".emailAddress", fmt.Sprintf("%.*q is not a valid email address", maxEcho, *p.EmailAddress))
		}
		if id := p.MediaChannelID; id != nil && *id != 0 && *id != 1 {
			k.add(path+".mediaChannelId", "must be 0 or 1")
		}
		k.contexts(path+".context", p.Context, "Lead", "Contact", "Account", "Opportunity", "User", "Lead,Contact")
	}
	k.filled("primaryUser", r.PrimaryUser)
	if !hasPrimary && r.PrimaryUser != nil && *r.PrimaryUser != "" && len(r.Parties) > 0 {
		k.add("primaryUser", "must be the userId of one of the parties")
	}
}

// isEmail tells whether a text can be an address: something before and behind an @. An
// empty one stands for none.
func isEmail(text string) bool {
	at := strings.LastIndexByte(text, '@')
	return text == "" || at > 0 && at < len(text)-1 && !strings.ContainsAny(text, " \t\r\n")
}

// contexts checks links to other systems, whose objects are of certain types.
func (k *requestCheck) contexts(path string, contexts []*UploadContext, types ...string) {
	for i, c := range contexts {
		if k.isFull() {
			return
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		if c == nil {
			k.add(path, MustNotBeNull)
			continue
		}
		k.choice(path+".system", c.System, "Salesforce", "HubSpot", "MicrosoftDynamic", "Generic")
		for j, o := range c.Objects {
			if k.isFull() {
				return
			}
			path := fmt.Sprintf("%s.objects[%d]", path, j)
			if o == nil {
				k.add(path, MustNotBeNull)
				continue
			}
			k.choice(path+".objectType", o.ObjectType, types...)
			k.required(path+".objectId", o.ObjectID != nil)
		}
	}
}

func (k *requestCheck) choice(path string, value *string, values ...string) {
	k.required(path, value != nil)
	if value != nil && !slices.Contains(values, *value) {
		k.oneOf(path, *value, values)
	}
}

// timeline checks who spoke when: each speaker must be a party.
func (k *requestCheck) timeline(r *NewCallRequest) {
	if r.SpeakersTimeline == nil {
		return
	}
	known := make(map[string]bool)
	for _, p := range r.Parties {
		if p != nil && p.PartyID != nil {
			known[*p.PartyID] = true
		}
	}
	for i, s := range r.SpeakersTimeline.SpeechSegments {
		if k.isFull() {
			return
		}
		path := fmt.Sprintf("speakersTimeline.speechSegments[%d]", i)
		if s == nil {
			k.add(path, MustNotBeNull)
			continue
		}
		k.moment(path+".fromTime", s.FromTime)
		k.moment(path+".toTime", s.ToTime)
		k.required(path+".partyIds", s.PartyIDs != nil)
		for _, id := range s.PartyIDs {
			if !known[id] {
				k.add(path+".partyIds", fmt.Sprintf("%.*q is not the partyId of one of the parties", maxEcho, id))
				break
			}
		}
	}
}

func (k *requestCheck) moment(path string, milliseconds *float64) {
	k.required(path, milliseconds != nil)
	if milliseconds != nil {
		k.atLeastZero(path, *milliseconds)
	}
}

func (k *requestCheck) atLeastZero(path string, value float64) {
	if value < 0 {
		k.add(path, "must be greater than or equal to 0")
	}
}
