package demo

// The words that calls are made of. Companies and people are invented, hosts
// are of the domains that RFC 2606 sets aside.

var languages = []string{"eng", "eng", "eng", "eng", "eng", "eng", "fre", "ger", "spa", "ita"}

type meetingSystem struct{ name, url string }

var meetingSystems = []meetingSystem{
	{"Zoom", "https://zoom.example.com/j/"},
	{"Google Meet", "https://meet.example.com/"},
	{"WebEx", "https://webex.example.com/meet/"},
}

var telephoneSystems = []string{"Outreach", "ShoreTel", "ClearSlide"}

var customers = []string{
	"Alder & Finch", "Brightwater Foods", "Calico Freight", "Dunmore Labs", "Ekström Møbler", "Fennel Bank",
	"Grünwald Optik", "Harbor Nine", "Ilex Insurance", "Jasper Rail", "Kestrel Energy", "Lumen Textiles",
	"Maple & Rye", "Northwind Parts", "Óptica Sur", "Pallas Robotics", "Quarry Health", "Redfern Media",
	"Sable Semiconductors", "Tern Logistics", "Umbra Games", "Vela Aerospace", "Willow Clinics", "Yarrow Seeds",
}

var people = []string{
	"Ana Lima", "Bjørn Dahl", "Carla Conti", "Dev Anand", "Elif Kaya", "Farid Amini", "Grace Okafor", "Hana Sato",
	"Ivo Horvat", "Jun Park", "Klára Nová", "Léa Martin", "Miguel Ríos", "Nora Weiß", "Omar Haddad", "Priya Shah",
}

// hosts have first names of their own, so that a search for one finds one.
var hosts = []string{
	"Maya Okonkwo", "Tomás Herrera", "Ingrid Solberg", "Rohan Mehta", "Chloé Dubois", "Kenji Watanabe", "Zeynep Arslan", "Luca Ferrari",
	"Amara Diallo", "Pavel Dvořák", "Sofia Almeida", "Henrik Nygård", "Leila Haddad", "Owen Murphy", "Yuki Tanaka", "Marta Kowalska",
	"Diego Fuentes", "Freya Lindqvist", "Samir Khoury", "Hannah Weber", "Tariq Rahman", "Elena Popescu", "Jonas Becker", "Wanjiru Kamau",
	"Ravi Iyer", "Camille Laurent", "Mateo Vargas", "Astrid Berg", "Noor Aziz", "Felix Baumann", "Beatriz Moura", "Callum Reid",
	"Mei Lin", "Viktor Petrov", "Adaeze Nwosu", "Simone Ricci", "Gustav Holm", "Anjali Rao", "Liam Byrne", "Petra Novak",
}

var hostTitles = []string{"Account Executive", "Sales Development Representative", "Customer Success Manager", "Solutions Engineer"}

var workspaceNames = []string{"Sales", "Customer Success", "Partners"}

var meetings = []string{
	"Discovery", "Demo", "Technical deep dive", "Pricing & terms", "Security review", "Kick-off", "Quarterly review",
	"Renewal", "Proof of concept, week 2", `Workshop "Roll-out"`, "Intro", "Check-in",
}

var internalMeetings = []string{"Pipeline review", "Deal desk", "1:1", "Forecast call", "Enablement: objection handling", "All hands"}

var purposes = []string{"Discovery", "Demo Call", "Negotiation", "Onboarding", "Renewal"}

var dispositions = []string{"No Answer", "Got the gatekeeper", "Left voicemail", "Meeting booked", "Not interested", "Call back later"}

var campaigns = []string{"spring-outbound", "webinar-follow-up", "churn-save"}
