/** Address of the bundle of Flex UI on the server; build/vendor.ts fills it in. */
declare const __FLEX_UI__: string;
/** Address of the bundle of Flex WebChat UI. */
declare const __WEBCHAT_UI__: string;
