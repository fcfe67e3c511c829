// Shows whether the service is ready, and looks again while it is not.
const status = document.getElementById("status");

function show(state, text) {
	if (status.dataset.state === state && status.textContent === text)
		return;
	status.dataset.state = state;
	status.textContent = text;
}

async function ready() {
	try {
		const response = await fetch("/api/health/ready");
		if (response.ok)
			return show("ready", "The service is ready.");
		const { error } = await response.json();
		show("away", error);
	} catch {
		show("away", "The service does not answer. Is it running?");
	}
	setTimeout(ready, 5000);
}

ready();
