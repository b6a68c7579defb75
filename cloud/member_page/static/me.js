// The member code renews itself while it is looked at, and says so when it cannot: an old code is no code.
(function () {
  "use strict";
  var image = document.getElementById("code");
  if (!image) return;
  var stale = document.getElementById("stale");
  var renewing = document.getElementById("renewing");
  var refresh = Number(image.getAttribute("data-refresh-s")) * 1000;
  var valid = Number(image.getAttribute("data-valid-s")) * 1000;
  var PATIENCE = 8000; // a slow network is given so long before it counts as none
  var PAUSE = 3000; // between two attempts that fail
  var LIT = 180000; // how long the screen is kept from going dark at a till
  var made = Date.now();
  var asked = 0;
  var asking = 0; // which attempt is under way
  var attempt = 0;
  var since = 0; // when the first attempt began that nothing has come of yet
  var failed = false;

  function show() {
    var old = Date.now() - made >= valid;
    var without = failed || (since > 0 && Date.now() - since >= PATIENCE);
    image.className = old ? "stale" : "";
    stale.hidden = !(old && without);
    renewing.hidden = !(old && !without);
  }
  function why() {
    // A picture does not say why it does not come. Signed out, or without a card: the page itself knows what to say.
    if (!window.fetch) return;
    fetch("/me/code.svg", { cache: "no-store" }).then(function (answer) {
      if (answer.status === 401 || answer.status === 404) location.reload();
    }, function () {});
  }
  function renew() {
    var now = Date.now();
    if (document.hidden || now - asked < (asking ? PATIENCE : PAUSE)) return;
    var next = new Image();
    var own = ++attempt;
    asking = own;
    asked = now;
    since = since || now;
    next.onload = function () {
      if (now < made) return; // an older attempt came late
      made = now;
      if (asking === own) asking = 0;
      failed = false;
      since = 0;
      image.src = next.src;
      show();
    };
    next.onerror = function () {
      if (asking !== own) return;
      asking = 0;
      failed = true;
      show();
      why();
    };
    next.src = "/me/code.svg?" + now;
  }
  function look() {
    if (Date.now() - made >= refresh) renew();
    show();
  }
  function light() {
    if (document.hidden || !navigator.wakeLock) return;
    navigator.wakeLock.request("screen").then(function (lock) {
      setTimeout(function () { lock.release(); }, LIT);
    }, function () {});
  }
  function back() {
    failed = false; // what was before the telephone slept says nothing of now
    since = 0;
    look();
    light();
  }
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", back);
  window.addEventListener("pageshow", back);
  window.addEventListener("online", look);
})();
