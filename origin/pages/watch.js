// Keeps the number of viewers and the title of a watch page as they are now.

const every = 15_000;
const audience = document.getElementById("audience");

async function refresh() {
	if (document.hidden || !audience) return;
	try {
		const answer = await fetch(audience.dataset.source);
		if (!answer.ok) return;
		const { viewers } = await answer.json();
		audience.textContent = viewers > 0 ? audience.dataset.words.replace("{count}", viewers) : "";
	} catch {
		// The next time may do.
	}
}

setInterval(refresh, every);
document.addEventListener("visibilitychange", refresh);
