#!/bin/bash
set -e

echo "🚀 Запуск полного E2E тестирования..."

# 1. Запуск Instance Manager
echo "1️⃣ Запуск Instance Manager..."
docker compose -f docker-compose.instance-manager.yml up -d --build
sleep 15

# 2. Создание WhatsApp экземпляра
echo "2️⃣ Создание WhatsApp экземпляра..."
WA_RESPONSE=$(curl -s -X POST http://localhost:3000/api/v1/instances \
  -H "Content-Type: application/json" \
  -d '{
    "user_id": "e2e-whatsapp-test",
    "provider": "whatsappweb",
    "type_instance": ["api"]
  }')

WA_INSTANCE_ID=$(echo $WA_RESPONSE | jq -r '.instance_id')
echo "✅ WhatsApp экземпляр: $WA_INSTANCE_ID"

# 3. Создание Telegram экземпляра
echo "3️⃣ Создание Telegram экземпляра..."
TG_RESPONSE=$(curl -s -X POST http://localhost:3000/api/v1/instances \
  -H "Content-Type: application/json" \
  -d '{
    "user_id": "e2e-telegram-test",
    "provider": "telegram",
    "type_instance": ["api"],
    "token": "'$TELEGRAM_BOT_TOKEN'"
  }')

TG_INSTANCE_ID=$(echo $TG_RESPONSE | jq -r '.instance_id')
echo "✅ Telegram экземпляр: $TG_INSTANCE_ID"

# 4. Ожидание готовности
echo "4️⃣ Ожидание готовности контейнеров (60 сек)..."
sleep 60

# 5. Проверка функциональности
echo "5️⃣ Проверка функциональности..."

# Проверка статуса экземпляров
WA_STATUS=$(curl -s http://localhost:3000/api/v1/instances/$WA_INSTANCE_ID | jq -r '.instance.status')
TG_STATUS=$(curl -s http://localhost:3000/api/v1/instances/$TG_INSTANCE_ID | jq -r '.instance.status')

echo "✅ WhatsApp статус: $WA_STATUS"
echo "✅ Telegram статус: $TG_STATUS"

# Проверка данных в памяти
WA_MEMORY=$(curl -s http://localhost:3000/api/v1/instances/$WA_INSTANCE_ID/memory | jq -r '.data.status // "not_loaded"')
TG_MEMORY=$(curl -s http://localhost:3000/api/v1/instances/$TG_INSTANCE_ID/memory | jq -r '.data.status // "not_loaded"')

echo "✅ WhatsApp память: $WA_MEMORY"
echo "✅ Telegram память: $TG_MEMORY"

# 6. Проверка общей статистики
echo "6️⃣ Проверка общей статистики..."
STATS=$(curl -s http://localhost:3000/api/v1/instances/memory/stats)
echo "✅ Статистика памяти: $(echo $STATS | jq '.stats.total_instances')"

# 7. Очистка
echo "7️⃣ Очистка..."
curl -X DELETE http://localhost:3000/api/v1/instances/$WA_INSTANCE_ID > /dev/null
curl -X DELETE http://localhost:3000/api/v1/instances/$TG_INSTANCE_ID > /dev/null

docker compose -f docker-compose.instance-manager.yml down

echo "🎉 E2E тест завершен успешно!"
