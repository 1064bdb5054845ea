/** How people and keys name an Application for short. */
export const APP_SHORT = "app";
