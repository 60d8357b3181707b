# Health check
curl http://localhost:$TELEGRAM_API_PORT/api/v1/health

# Информация о боте
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/me

# Статус бота
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/status

# Отправка через Multi-Provider API
curl -X POST http://localhost:3000/api/v1/multi-provider/instances/telegram/{INSTANCE_ID}/send-message \
  -H "Authorization: Bearer YOUR_API_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "to": "'$TELEGRAM_CHAT_ID'",
    "message": "🚀 Тестовое сообщение через Multi-Provider API!"
  }'

# Отправка через прямой Telegram API
curl -X POST http://localhost:5064/api/v1/telegram/send \
  -H "Authorization: Bearer ce55ad31-8f7d-455f-bd99-5c5d68e413a5" \
  -H "Content-Type: application/json" \
  -d '{
    "chatId": "134527512",
    "message": "🚀 Привет из Telegram API!"
  }'

# Отправка форматированного сообщения
curl -X POST http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/send-telegram-message \
  -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "chatId": "'$TELEGRAM_CHAT_ID'",
    "message": "*Жирный текст* и _курсив_",
    "parseMode": "Markdown"
  }'

# Отправка медиа
curl -X POST http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/send-media \
  -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "chatId": "'$TELEGRAM_CHAT_ID'",
    "source": "https://picsum.photos/400/300",
    "caption": "🖼️ Тестовое изображение"
  }'

# Получение контактов
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/contacts

# Получение чатов
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/chats

# Получение сообщений из чата
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  "http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/messages/$TELEGRAM_CHAT_ID?limit=10"

# Получение информации об аккаунте
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/account

# Получение последних сообщений
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  "http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/recent-messages?limit=20"

# Запуск polling
curl -X POST http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/polling/start \
  -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN"

# Остановка polling
curl -X POST http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/polling/stop \
  -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN"

# Статус polling
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/polling/status

# Получение конфигурации webhook
curl -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/webhook

# Обновление конфигурации webhook
curl -X PUT http://localhost:$TELEGRAM_API_PORT/api/v1/telegram/webhook \
  -H "Authorization: Bearer $TELEGRAM_BOT_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "enabled": true,
    "url": "https://your-webhook-url.com/telegram",
    "events": ["message", "callback_query"]
  }'
