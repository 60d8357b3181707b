// Shows /docs/openapi.json. A file of its own, because the page's policy allows no inline script.
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/docs/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    validatorUrl: null, // the default asks a validator on another host
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
