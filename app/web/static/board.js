// Keeps "3 min ago" true between two renewals of the page, and lets htmx keep quiet in a hidden tab.
"use strict";

const units = [["d", 86400], ["h", 3600], ["min", 60]];

function ago(moment) {
  const seconds = Math.max(0, Math.floor((Date.now() - moment) / 1000));
  for (const [unit, size] of units) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return seconds < 5 ? "just now" : `${seconds} s ago`;
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const text = ago(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}, 1000);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});

// A page that says "does not answer" comes with status 503: show it, and the next good one replaces it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 503) event.detail.shouldSwap = true;
});
